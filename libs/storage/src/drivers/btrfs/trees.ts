import { chmod, rename } from 'node:fs/promises';
import { isErrno, isSubvolume, makeSubvolume, removeTree, snapshotSubvolume } from '#lib/host';
import { copyTree } from '../../copy-tree.ts';
import type { TreeRole } from '../../driver.ts';

export const btrfsTrees: TreeRole = {
  async make(path, mode) {
    await makeSubvolume(path);
    await chmod(path, mode);
  },

  copy: async (from, to) => {
    if (!(await snapshotted(from, to))) await filled(from, to);
  },

  /** What is in a directory cannot be moved to a subvolume, but the contents of its files can be shared with one. */
  async take(path) {
    if (await isSubvolume(path)) return;
    const made = `${path}.subvolume`;
    await removeTree(made);
    await filled(path, made);
    await removeTree(path);
    await rename(made, path);
  },
};

/** Whether the tree was a subvolume of the same file system. */
async function snapshotted(from: string, to: string): Promise<boolean> {
  if (!(await isSubvolume(from))) return false;
  try {
    await snapshotSubvolume(from, to);
    return true;
  } catch (error) {
    // EXDEV: of another mount; EINVAL: of another file system (btrfs-subvolume(8)). Both come before anything is made.
    if (isErrno(error, 'EXDEV', 'EINVAL')) return false;
    throw error;
  }
}

async function filled(from: string, to: string): Promise<void> {
  await makeSubvolume(to);
  await copyTree(from, to);
}
