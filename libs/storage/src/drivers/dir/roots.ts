import { mkdir, rename } from 'node:fs/promises';
import { boundView, madeOnce, wholeRoot } from '../../bound-roots.ts';
import { copyTree, cutTree } from '../../copy-tree.ts';
import type { CopyRole, CreateRole, FillRole, UsageRole, ViewRole } from '../../driver.ts';

export const dirView: ViewRole = boundView;

export const dirCreate: CreateRole = {
  create: (place, [tree]) => madeOnce(place, (to) => (tree === undefined ? mkdir(to, { mode: 0o755 }) : copyTree(tree, to))),
};

export const dirFill: FillRole = {
  fill: (place, tree) => rename(tree, wholeRoot(place)),
};

export const dirCopy: CopyRole = {
  copy: (from, to, still, wishes) => madeOnce(to, (copy) => cutTree(wholeRoot(from), copy, still, wishes)),
};

export const dirUsage: UsageRole = {
  async usage() {
    return null;
  },
};
