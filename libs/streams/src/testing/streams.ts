import { createHash } from 'node:crypto';
import type { FileServer } from './file-server.ts';

/** A product as a test says it; the rest is as the real servers have it. */
export interface Product {
  /** `ubuntu/24.04/amd64`, with the aliases it has. */
  name: string;
  aliases: string;
  arch?: string;
  os?: string;
  release?: string;
  /** Serial and files of each version. */
  versions: Record<string, { metadata: Buffer; squashfs?: Buffer; rootxz?: Buffer }>;
  /** More fields of the product. */
  more?: Record<string, unknown>;
}

const sha256 = (...parts: Buffer[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/** What LXD and Incus call the image of these files. */
export function fingerprintOf(metadata: Buffer, root: Buffer): string {
  return sha256(metadata, root);
}

/**
 * Fills a server with products, in the shape of cloud-images.ubuntu.com (`ubuntu`: several streams of which one is of images) or of
 * images.linuxcontainers.org (`images`: one document).
 */
export function publishStreams(server: FileServer, products: readonly Product[], shape: 'ubuntu' | 'images' = 'images'): void {
  const path = shape === 'images' ? 'streams/v1/images.json' : 'streams/v1/com.ubuntu.cloud:released:download.json';
  const name = shape === 'images' ? 'images' : 'com.ubuntu.cloud:released:download';
  const index: Record<string, unknown> = {
    [name]: {
      datatype: 'image-downloads',
      format: 'products:1.0',
      path,
      updated: 'Thu, 25 Apr 2024 00:00:00 +0000',
      products: products.map((p) => p.name),
    },
  };
  if (shape === 'ubuntu')
    index['com.ubuntu.cloud:released:aws'] = {
      datatype: 'image-ids',
      format: 'products:1.0',
      path: 'streams/v1/com.ubuntu.cloud:released:aws.json',
      products: [],
    };
  server.put('streams/v1/index.json', { format: 'index:1.0', updated: 'Thu, 25 Apr 2024 00:00:00 +0000', index });
  const entries = products.map((product) => [product.name, entryOf(server, product)]);
  server.put(path, { content_id: name, datatype: 'image-downloads', format: 'products:1.0', products: Object.fromEntries(entries) });
}

function entryOf(server: FileServer, { name, aliases, arch = 'amd64', os = 'Ubuntu', release = 'noble', versions, more = {} }: Product) {
  const made = Object.entries(versions).map(([serial, files]) => [serial, { items: itemsOf(server, `images/${name}/${serial}`, files) }]);
  return { aliases, arch, os, release, release_title: release, variant: 'default', ...more, versions: Object.fromEntries(made) };
}

function itemsOf(server: FileServer, folder: string, { metadata, squashfs, rootxz }: Product['versions'][string]) {
  const put = (name: string, content: Buffer) => {
    server.put(`${folder}/${name}`, content);
    return { path: `${folder}/${name}`, size: content.length, sha256: sha256(content) };
  };
  const combined = {
    ...(squashfs && { combined_squashfs_sha256: sha256(metadata, squashfs) }),
    ...(rootxz && { combined_rootxz_sha256: sha256(metadata, rootxz), combined_sha256: sha256(metadata, rootxz) }),
  };
  return {
    // LXD's clients look at the first alone, those of Incus at the second.
    'lxd.tar.xz': { ftype: 'lxd.tar.xz', ...put('lxd.tar.xz', metadata), ...combined },
    'incus.tar.xz': { ftype: 'incus.tar.xz', ...put('incus.tar.xz', metadata), ...combined },
    ...(squashfs && { 'root.squashfs': { ftype: 'squashfs', ...put('rootfs.squashfs', squashfs) } }),
    ...(rootxz && { 'root.tar.xz': { ftype: 'root.tar.xz', ...put('rootfs.tar.xz', rootxz) } }),
    // A disk of virtual machines, which is nothing for containers.
    'disk.qcow2': { ftype: 'disk-kvm.img', path: `${folder}/disk.qcow2`, size: 12, sha256: sha256(Buffer.from('disk')) },
  };
}
