import { rename } from 'node:fs/promises';
import { makeSubvolume, snapshotSubvolume } from '#lib/host';
import { boundView, madeOnce, wholeRoot } from '../../bound-roots.ts';
import type { CopyRole, CreateRole, FillRole, UsageRole, ViewRole } from '../../driver.ts';
import { btrfsQuota } from './quota.ts';
import { btrfsTrees } from './trees.ts';

export const btrfsView: ViewRole = boundView;

export const btrfsCreate: CreateRole = {
  create: (place, [tree]) => madeOnce(place, (to) => (tree === undefined ? makeSubvolume(to) : btrfsTrees.copy(tree, to))),
};

export const btrfsFill: FillRole = {
  async fill(place, tree) {
    await btrfsTrees.take(tree);
    await rename(tree, wholeRoot(place));
  },
};

/**
 * A snapshot of one subvolume is of one moment, whatever writes to it, but not of a moment that the guest knows: before it the
 * kernel writes out the files one after the other, so what was written first may be missing where what came later is there. And
 * subvolumes that the guest has nested are snapshotted one after the other. So what runs is held still for it.
 */
export const btrfsCopy: CopyRole = {
  copy: (from, to, still) => madeOnce(to, (copy) => (still ?? atRest)(() => snapshotSubvolume(wholeRoot(from), copy))),
};

export const btrfsUsage: UsageRole = { usage: (place) => btrfsQuota.usage(wholeRoot(place)) };

const atRest = (cut: () => Promise<void>) => cut();
