import { makeDirectory } from '#lib/host';
import { copyTree } from './copy-tree.ts';
import type { TreeRole } from './driver.ts';

/** Trees of drivers that have no kind of their own. */
export const plainTrees: TreeRole = {
  make: makeDirectory,
  async copy(from, to) {
    await copyTree(from, to);
  },
  async take() {},
};
