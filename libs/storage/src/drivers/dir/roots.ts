import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, removeTree } from '#lib/host';
import { copyTree, cutTree } from '../../copy-tree.ts';
import type { CopyRole, CreateRole, FillRole, RootPlace, UsageRole, ViewRole } from '../../driver.ts';

const rootOf = (place: RootPlace) => join(place.directory, 'rootfs');

export const dirView: ViewRole = {
  recipe(place) {
    return {
      layers: [{ path: rootOf(place), idmapped: true, readonly: false, optional: false }],
      root: { kind: 'bind', layer: 0 },
    };
  },
};

export const dirCreate: CreateRole = {
  create: (place, [tree]) => made(place, (to) => (tree === undefined ? mkdir(to, { mode: 0o755 }) : copyTree(tree, to))),
};

export const dirFill: FillRole = {
  fill: (place, tree) => rename(tree, rootOf(place)),
};

export const dirCopy: CopyRole = {
  copy: (from, to, still, wishes) => made(to, (copy) => cutTree(rootOf(from), copy, still, wishes)),
};

export const dirUsage: UsageRole = {
  async usage() {
    return null;
  },
};

/** The rename at the end makes a copy that was interrupted tell itself from a whole one. */
async function made(place: RootPlace, make: (directory: string) => Promise<unknown>): Promise<void> {
  if (await exists(rootOf(place))) return;
  const copy = join(place.directory, 'copying');
  await removeTree(copy);
  await make(copy);
  await rename(copy, rootOf(place));
}
