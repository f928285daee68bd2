import { closeFd, mergedTree } from '../native.ts';

/**
 * Shows `use` the whole tree that directories make in layers (the uppermost first), by a path that any process of root can
 * read, and nobody can write. Whatever happens, nothing of it is left: the kernel takes the mount away with this process.
 * The path is a way in and no more: links in the tree are the guest's, and lead out of it if they are followed.
 */
export async function withMergedTree<T>(layers: readonly string[], use: (directory: string) => Promise<T>): Promise<T> {
  const fd = await mergedTree(layers);
  try {
    // With the dot it is a directory for who does not follow links, too.
    return await use(`/proc/${process.pid}/fd/${fd}/.`);
  } finally {
    closeFd(fd);
  }
}
