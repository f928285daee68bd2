import { chmod, chown, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyLower } from './pool.ts';
import type { RootRole } from '../../driver.ts';
import { makeDirectory } from '../../exists.ts';

interface Owner {
  uid: number;
  gid: number;
  mode: number;
}

export const overlayRoots: RootRole = {
  async create(directory, image) {
    const upper = join(directory, 'upper');
    // The merged root shows the upper's owner and mode, so they must be the image's (overlayfs.rst).
    const owner = image === null ? { uid: 0, gid: 0, mode: 0o755 } : await ownerOf(join(image, 'rootfs'));
    await Promise.all([makeDirectory(upper, owner.mode), makeDirectory(join(directory, 'work'))]);
    const made = await ownerOf(upper);
    if (made.uid !== owner.uid || made.gid !== owner.gid) await chown(upper, owner.uid, owner.gid);
    if (made.mode !== owner.mode) await chmod(upper, owner.mode);
  },

  recipe(directory, image, pool) {
    const lower = image === null ? join(pool, emptyLower) : join(image, 'rootfs');
    return {
      layers: [
        { path: lower, idmapped: true, readonly: true, optional: false },
        { path: directory, idmapped: true, readonly: false, optional: false },
      ],
      root: { kind: 'overlay', lower: [0], upper: 1 },
    };
  },

  // Telling an upper's size means walking it.
  async usage() {
    return null;
  },
};

async function ownerOf(path: string): Promise<Owner> {
  const { uid, gid, mode } = await stat(path);
  return { uid, gid, mode: mode & 0o7777 };
}
