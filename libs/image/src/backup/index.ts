import { lchown, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { JsonObject } from '#lib/base';
import { isLxError, LxError } from '#lib/contract';
import { type Confinement, makeDirectory, type OwnerMaps } from '#lib/host';
import { formatOf } from '../archive-format.ts';
import { readTar, type Tarball } from '../check-tar.ts';
import { metadataLimit } from '../metadata.ts';
import { watchSpace } from '../space.ts';
import { tarMembers } from '../tar-reader.ts';
import { finishTree, refuseTemplates, unpackTar } from '../unpack.ts';
import { BackupRules } from './backup-rules.ts';

export { type ShiftedIds, unshifted } from './owners.ts';

/** Bytes: some 4 KiB for the instance and for each snapshot. Nothing else is done while it is parsed. */
const indexLimit = 4 * 1024 * 1024;

/** What a checked backup says of itself. */
export interface CheckedBackup<T> {
  /** Its index.yaml, as it was read. */
  index: T;
  /** metadata.yaml of the image that its instance was made from; empty when it has none. */
  metadata: JsonObject;
}

/**
 * Reads a whole backup in LXD's format, before anything else is done with it. `read`: checks its index.yaml, which names the
 * snapshots whose directories it must have. LxError 'backup.invalid'.
 */
export async function checkBackup<T extends { snapshots: readonly string[] }>(
  path: string,
  read: (document: JsonObject) => T,
  confinement: Confinement,
): Promise<CheckedBackup<T>> {
  return asBackup(async () =>
    readTar(await tarball(path), confinement, async (source) => {
      const rules = new BackupRules();
      let [index, metadata]: [T | null, JsonObject] = [null, {}];
      for await (const member of tarMembers(source)) {
        const placed = rules.take(member);
        if (member.otherName !== null) rules.take({ name: member.otherName, type: 'file', linkname: '' });
        if (placed?.of === 'index') {
          if (index !== null) throw new LxError('image.invalid', { reason: 'it holds two indexes' });
          index = read(await document('index.yaml', member, indexLimit));
        }
        if (placed?.of === 'container' && placed.path === 'metadata.yaml')
          metadata = await document('metadata.yaml', member, metadataLimit);
      }
      if (index === null) throw new LxError('image.invalid', { reason: 'Backup is missing index.yaml' });
      rules.finish(index.snapshots);
      return { index, metadata };
    }),
  );
}

export interface BackupUnpacking {
  path: string;
  /** Of the instance; null: owners are as in the archive. */
  owners: OwnerMaps | null;
  /** The same of each snapshot, by name: LXD shifts an instance when it starts, and leaves what was taken before as it was. */
  snapshots: ReadonlyMap<string, OwnerMaps | null>;
  confinement: Confinement;
  signal: AbortSignal;
}

/** Where the parts of an unpacked backup are. */
export interface UnpackedBackup {
  /** The instance's own: `rootfs` and `templates` lie in it. */
  instance: string;
  snapshot(name: string): string;
}

/** Writes a checked backup into an empty directory; programs that do it are confined. LxError 'backup.unpack_failed', 'archive.no_space'. */
export async function unpackBackup(
  directory: string,
  { path, owners, snapshots, confinement, signal }: BackupUnpacking,
): Promise<UnpackedBackup> {
  using space = await watchSpace(directory);
  const ends = AbortSignal.any([signal, space.signal]);
  const parts: [place: string, owners: OwnerMaps | null][] = [['backup/container', owners]];
  for (const [name, own] of snapshots) parts.push([`backup/snapshots/${name}`, own]);
  try {
    await asBackup(async () => {
      for (const [maps, own] of byOwners(parts)) {
        await claimShells(directory);
        const others = parts.filter((part) => !own.includes(part)).map(([place]) => escaped(place));
        const leftOut = own.flatMap(([place]) => [`${escaped(place)}/rootfs/dev/*`, `${escaped(place)}/backup.yaml`]);
        leftOut.push('backup/index.yaml');
        const given = { tree: directory, ...(maps && { owners: maps }) };
        await unpackTar(await tarball(path, ends), given, [...leftOut, ...others], confinement);
      }
      for (const [place] of parts) {
        const root = join(directory, place, 'rootfs');
        if (!(await lstat(root)).isDirectory()) throw new LxError('image.unpack_failed', { reason: 'rootfs is not a directory' });
        await confinement.inspect(root, ends);
        await finishTree(root);
      }
      await refuseTemplates(join(directory, 'backup/container/templates'));
    });
  } catch (error) {
    if (!signal.aborted && (await space.isFull())) throw new LxError('archive.no_space', undefined, { cause: error });
    throw error;
  }
  return { instance: join(directory, 'backup/container'), snapshot: (name) => join(directory, 'backup/snapshots', name) };
}

/** What goes on in them needs to see whose they are, whatever maps the archive's owners went through before. */
async function claimShells(directory: string): Promise<void> {
  for (const shell of ['backup', 'backup/snapshots']) {
    const path = join(directory, shell);
    await makeDirectory(path, 0o755);
    await lchown(path, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  }
}

/** Parts that are unpacked in one go: most backups are of one kind. */
function byOwners<P extends [place: string, owners: OwnerMaps | null]>(parts: readonly P[]): [OwnerMaps | null, P[]][] {
  const groups = new Map<string, [OwnerMaps | null, P[]]>();
  for (const part of parts) {
    const [, owners] = part;
    const key = JSON.stringify(owners);
    const group = groups.get(key) ?? [owners, []];
    group[1].push(part);
    groups.set(key, group);
  }
  return [...groups.values()];
}

async function tarball(path: string, signal?: AbortSignal): Promise<Tarball> {
  const format = await formatOf(path);
  if (format === 'squashfs') throw new LxError('image.invalid', { reason: 'the file is not a tarball' });
  return { path, format, signal };
}

/** Rules that images and backups share speak of images. */
async function asBackup<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isLxError(error, 'image.invalid')) throw new LxError('backup.invalid', error.args, { cause: error });
    if (isLxError(error, 'image.unpack_failed')) throw new LxError('backup.unpack_failed', error.args, { cause: error });
    if (isLxError(error)) throw error;
    throw new LxError('backup.unpack_failed', { reason: (error as Error).message }, { cause: error });
  }
}

async function document(name: string, member: { size: number; content(): Promise<Buffer> }, limit: number): Promise<JsonObject> {
  if (member.size > limit) throw new LxError('image.invalid', { reason: `${name} is too large` });
  const text = (await member.content()).toString('utf8');
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new LxError('image.invalid', { reason: `${name} is not YAML: ${(error as Error).message.split('\n')[0]}` }, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LxError('image.invalid', { reason: `${name} is not a map` });
  return value as JsonObject;
}

/** For tar, which takes it for a pattern. */
function escaped(path: string): string {
  return path.replace(/[\\*?[]/g, '\\$&');
}
