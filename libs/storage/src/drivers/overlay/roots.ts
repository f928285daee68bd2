import { chmod, chown, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, makeDirectory, removeTree } from '#lib/host';
import { copyTree } from '../../copy-tree.ts';
import type { CopyRole, CreateRole, UsageRole, ViewRole } from '../../driver.ts';
import { emptyLower } from './pool.ts';

interface Owner {
  uid: number;
  gid: number;
  mode: number;
}

export const overlayView: ViewRole = {
  recipe(place, chain) {
    const lower = chain.length > 0 ? chain : [join(place.pool, emptyLower)];
    return {
      layers: [
        ...lower.map((path) => ({ path, idmapped: true, readonly: true, optional: false })),
        { path: place.directory, idmapped: true, readonly: false, optional: false },
      ],
      root: { kind: 'overlay', lower: lower.map((_, layer) => layer), upper: lower.length },
    };
  },
};

export const overlayCreate: CreateRole = {
  async create({ directory }, chain) {
    const upper = join(directory, 'upper');
    // The merged root shows the upper's owner and mode, so they must be those of the layer below (overlayfs.rst).
    const owner = chain[0] === undefined ? { uid: 0, gid: 0, mode: 0o755 } : await ownerOf(chain[0]);
    await Promise.all([makeDirectory(upper, owner.mode), makeDirectory(join(directory, 'work'))]);
    const made = await ownerOf(upper);
    if (made.uid !== owner.uid || made.gid !== owner.gid) await chown(upper, owner.uid, owner.gid);
    if (made.mode !== owner.mode) await chmod(upper, owner.mode);
  },
};

export const overlayCopy: CopyRole = {
  /** Whiteouts are device nodes and opaque directories have attributes (overlayfs.rst): a plain copy keeps both. */
  async copy(from, to) {
    await makeDirectory(join(to.directory, 'work'));
    const upper = join(to.directory, 'upper');
    if (await exists(upper)) return;
    const copy = join(to.directory, 'copying');
    await removeTree(copy);
    await copyTree(join(from.directory, 'upper'), copy);
    await rename(copy, upper);
  },
};

// Telling an upper's size means walking it.
export const overlayUsage: UsageRole = {
  async usage() {
    return null;
  },
};

async function ownerOf(path: string): Promise<Owner> {
  const { uid, gid, mode } = await stat(path);
  return { uid, gid, mode: mode & 0o7777 };
}
