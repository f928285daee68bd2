import { lchown, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { type Confinement, makeDirectory, type OwnerMaps } from '#lib/host';
import { finishTree, refuseTemplates } from '../root-tree.ts';
import { watchSpace } from '../space.ts';
import { unpackTar } from '../unpack-tar.ts';
import { asBackup } from './as-backup.ts';
import type { BackupKind } from './kinds.ts';
import { tarball } from './tarball.ts';

export interface BackupUnpacking {
  kind: BackupKind;
  path: string;
  /** Of the thing itself; null: owners are as in the archive. */
  owners: OwnerMaps | null;
  /** The same of each snapshot, by name: LXD shifts an instance when it starts, and leaves what was taken before as it was. */
  snapshots: ReadonlyMap<string, OwnerMaps | null>;
  confinement: Confinement;
  signal: AbortSignal;
}

/** Where the parts of an unpacked backup are; `rootfs` and `templates` lie in those of an instance. */
export interface UnpackedBackup {
  whole: string;
  snapshot(name: string): string;
}

type Part = [place: string, owners: OwnerMaps | null];

/** Writes a checked backup into an empty directory; programs that do it are confined. LxError 'backup.unpack_failed', 'archive.no_space'. */
export async function unpackBackup(directory: string, { signal, ...unpacking }: BackupUnpacking): Promise<UnpackedBackup> {
  const { kind, owners, snapshots } = unpacking;
  using space = await watchSpace(directory);
  const [whole, within] = [`backup/${kind.whole}`, `backup/${kind.snapshots}`];
  const parts: Part[] = [[whole, owners]];
  for (const [name, own] of snapshots) parts.push([`${within}/${name}`, own]);
  try {
    await asBackup(() => unpackParts(directory, parts, { ...unpacking, signal: AbortSignal.any([signal, space.signal]) }));
  } catch (error) {
    if (!signal.aborted && (await space.isFull())) throw new LxError('archive.no_space', undefined, { cause: error });
    throw error;
  }
  return { whole: join(directory, whole), snapshot: (name) => join(directory, within, name) };
}

async function unpackParts(directory: string, parts: readonly Part[], { kind, path, confinement, signal }: BackupUnpacking): Promise<void> {
  const ofInstance = kind.contents === 'unified';
  for (const [maps, own] of byOwners(parts)) {
    await claimShells(directory, kind);
    const leftOut = parts.filter((part) => !own.includes(part)).map(([place]) => escaped(place));
    leftOut.push('backup/index.yaml');
    if (ofInstance) leftOut.push(...own.flatMap(([place]) => [`${escaped(place)}/rootfs/dev/*`, `${escaped(place)}/backup.yaml`]));
    const given = { tree: directory, ...(maps && { owners: maps }) };
    await unpackTar(await tarball(path, signal), given, leftOut, confinement, !ofInstance);
  }
  for (const [place, maps] of parts) {
    const root = join(directory, place, ofInstance ? 'rootfs' : '.');
    if (!(await lstat(root)).isDirectory()) throw new LxError('image.unpack_failed', { reason: 'rootfs is not a directory' });
    await confinement.inspect(root, { signal, keepsMarks: !ofInstance, ...(maps && { owners: maps }) });
    if (ofInstance) await finishTree(root);
  }
  if (ofInstance) await refuseTemplates(join(directory, 'backup', kind.whole, 'templates'));
}

/** What goes on in them needs to see whose they are, whatever maps the archive's owners went through before. */
async function claimShells(directory: string, { snapshots }: BackupKind): Promise<void> {
  for (const shell of ['backup', `backup/${snapshots}`]) {
    const path = join(directory, shell);
    await makeDirectory(path, 0o755);
    await lchown(path, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  }
}

/** Parts that are unpacked in one go: most backups are of one kind. */
function byOwners(parts: readonly Part[]): [OwnerMaps | null, Part[]][] {
  const groups = new Map<string, [OwnerMaps | null, Part[]]>();
  for (const part of parts) {
    const [, owners] = part;
    const key = JSON.stringify(owners);
    const group = groups.get(key) ?? [owners, []];
    group[1].push(part);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** For tar, which takes it for a pattern. */
function escaped(path: string): string {
  return path.replace(/[\\*?[]/g, '\\$&');
}
