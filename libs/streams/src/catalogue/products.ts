import type { StringMap } from '#lib/base';
import { architectureName } from '#lib/contract';
import { dayOf, entries, fields, hashOf, pathOf, sizeOf, textOf } from './documents.ts';

/** A file of an image. */
export interface StreamFile {
  /** Below the server's URL. */
  path: string;
  sha256: string;
  /** Bytes. */
  size: number;
}

/** An image that a server of simplestreams has. */
export interface StreamImage {
  fingerprint: string;
  /** The kernel's name. */
  architecture: string;
  /** Those that mean it, and no other of the server. */
  aliases: string[];
  properties: StringMap;
  /** When it was made, to the day; null: not known. */
  createdAt: Date | null;
  /** When its system is no longer cared for; null: not known. */
  expiresAt: Date | null;
  /** One file, or metadata and root file system. */
  files: [StreamFile] | [StreamFile, StreamFile];
}

/** Metadata tarballs, the better one first: both say the same, and LXD's fingerprints are those of the first. */
const metadataTypes = ['lxd.tar.xz', 'incus.tar.xz'];
/** Files of one. */
const wholeTypes = ['lxd_combined.tar.gz', 'incus_combined.tar.gz'];
/** Root file systems, the better one first: a squashfs is a layer as it is. With the fields of the metadata that hold the fingerprint of both. */
const rootTypes = [
  { types: ['squashfs'], hashes: ['combined_squashfs_sha256'], name: 'squashfs' },
  { types: ['root.tar.xz'], hashes: ['combined_rootxz_sha256', 'combined_sha256'], name: 'tar.xz' },
];

/** A bound on what a hostile document makes of memory. */
const mostImages = 200_000;

/**
 * The images of a document `products:1.0`, newest versions of a product first. What is not whole is left out, as what is
 * meant for other programs is; of a document that is none, nothing is left.
 */
export function imagesOf(document: unknown): StreamImage[] {
  const images: StreamImage[] = [];
  for (const [, product] of entries(fields(document)?.products)) {
    const architecture = architectureName(textOf(product.arch));
    if (architecture === null) continue;
    const aliases = aliasesOf(product.aliases);
    const versions = [...entries(product.versions)].sort(([a], [b]) => (a < b ? 1 : -1));
    for (const [serial, version] of versions) {
      const made = versionImages({ ...product, architecture }, serial, version);
      // The aliases of a product mean its newest version that is whole, and the best form of it.
      if (made[0]) made[0].aliases.push(...aliases.splice(0));
      images.push(...made);
      if (images.length > mostImages) return images;
    }
  }
  return images;
}

function aliasesOf(value: unknown): string[] {
  return textOf(value, 16_384)
    .split(',')
    .map((alias) => alias.trim())
    .filter((alias) => alias !== '');
}

type Product = Readonly<Record<string, unknown>> & { architecture: string };

function versionImages(product: Product, serial: string, version: Readonly<Record<string, unknown>>): StreamImage[] {
  const items = new Map([...entries(version.items)].map(([, item]) => [textOf(item.ftype), item]));
  const common = (form: string) => ({
    architecture: product.architecture,
    aliases: [],
    properties: propertiesOf(product, version, serial, form),
    createdAt: dayOf(serial),
    expiresAt: dayOf(product.support_eol),
  });
  const images: StreamImage[] = [];
  for (const { types, hashes, name } of rootTypes) {
    const root = types.map((type) => items.get(type)).find((item) => item !== undefined);
    const metadata = metadataTypes.map((type) => items.get(type)).find((item) => item !== undefined);
    const fingerprint = hashes.map((field) => hashOf(metadata?.[field])).find((hash) => hash !== null);
    const [first, second] = [fileOf(metadata), fileOf(root)];
    if (first && second && fingerprint) images.push({ fingerprint, ...common(name), files: [first, second] });
  }
  const whole = fileOf(wholeTypes.map((type) => items.get(type)).find((item) => item !== undefined));
  if (whole) images.push({ fingerprint: whole.sha256, ...common('tar.gz'), files: [whole] });
  return images;
}

function fileOf(item: Readonly<Record<string, unknown>> | undefined): StreamFile | null {
  const [path, sha256, size] = [pathOf(item?.path), hashOf(item?.sha256), sizeOf(item?.size)];
  return path !== null && sha256 !== null && size !== null ? { path, sha256, size } : null;
}

function propertiesOf(product: Product, version: Readonly<Record<string, unknown>>, serial: string, form: string): StringMap {
  const of = (field: string) => textOf(version[field] ?? product[field]);
  const [os, arch, label, variant] = [of('os'), of('arch'), of('label'), of('variant')];
  const release = of('release');
  const description = [os, of('release_title') || release, arch, label && `(${label})`, `(${textOf(serial)})`];
  const requirements = [...Object.entries(fields(product.requirements) ?? {})].map(([key, value]) => [
    `requirements.${textOf(key)}`,
    textOf(String(value)),
  ]);
  const named = { os, release, version: of('version'), architecture: arch, label, variant, serial: textOf(serial), type: form };
  return Object.fromEntries(
    [...Object.entries(named), ['description', description.filter((part) => part !== '').join(' ')], ...requirements].filter(
      ([, value]) => value !== '',
    ),
  ) as StringMap;
}
