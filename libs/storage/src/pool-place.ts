import { mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { LxError } from '#lib/contract';
import { exists, makeDirectory, removeOpenTree, removeTree } from '#lib/host';
import type { PoolRow } from '#lib/store';
import { poolDirectories, PoolLayout } from './layout.ts';

/** Where a pool lives when nobody says otherwise. */
export function defaultPlace(stateDir: string, pool: string): string {
  return join(stateDir, 'storage-pools', pool);
}

/**
 * Finds the directory for a new pool, and only looks: the server's own, or the one in `source`, which must be there. It is empty. A pool's
 * directory that was left by a lost database is refused too: its roots belong to instances nobody knows any more.
 */
export async function choosePlace(stateDir: string, name: string, source: string | undefined, pools: readonly PoolRow[]): Promise<string> {
  const own = defaultPlace(stateDir, name);
  if (!source || source === own) {
    if (await exists(own)) await refuseUsed(own);
    return own;
  }
  const unusable = (reason: string, cause?: unknown) => new LxError('pool.unusable', { path: source, reason }, { cause });
  if (!isAbsolute(source)) throw unusable('the path is not absolute');
  const place = await realpath(source).catch((error: unknown) => {
    throw unusable('the directory does not exist', error);
  });
  if (!(await stat(place)).isDirectory()) throw unusable('it is not a directory');
  if (within(place, await realpath(stateDir))) throw unusable('it is inside the directory of the server');
  const taken = pools.find((pool) => within(place, pool.config.source ?? '') || within(pool.config.source ?? '', place));
  if (taken) throw unusable(`the pool "${taken.name}" is there`);
  await refuseUsed(place);
  return place;
}

function within(path: string, parent: string): boolean {
  return parent !== '' && (path === parent || path.startsWith(parent.endsWith(sep) ? parent : parent + sep));
}

/** Empty, or empty but for the directories of a pool that was deleted or never finished. */
async function refuseUsed(place: string): Promise<void> {
  const layout = new PoolLayout(place);
  const ours = new Set<string>([...poolDirectories, 'empty', 'lost+found']);
  const names = await readdir(place);
  const foreign = names.find((name) => !ours.has(name) && !name.startsWith('.probe-'));
  if (foreign !== undefined) throw new LxError('pool.unusable', { path: place, reason: `it is not empty (it has "${foreign}")` });
  for (const directory of [layout.volumes, layout.images]) {
    if ((await exists(directory)) && (await readdir(directory)).length > 0) {
      throw new LxError('pool.unusable', { path: place, reason: 'it holds instances or images of another pool' });
    }
  }
}

/** Makes the server's own directory for a pool. Idempotent. */
export async function makeOwnPlace(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
}

/** Makes the common directories and removes what a crash left half made. */
export async function preparePlace(layout: PoolLayout): Promise<void> {
  await stat(layout.directory);
  const left = (await exists(layout.unpacking)) ? await readdir(layout.unpacking) : [];
  // A guest may still write to a volume that was deleted: then it is for another start.
  if (left.length > 0) await removeOpenTree(layout.unpacking).catch(() => {});
  for (const name of poolDirectories) await makeDirectory(join(layout.directory, name));
}

/** Removes the pool's directories; the directory itself only when it is the server's own. */
export async function clearPlace(layout: PoolLayout, own: boolean): Promise<void> {
  if (own) return removeTree(layout.directory);
  for (const name of [...poolDirectories, 'empty']) await removeTree(join(layout.directory, name));
}
