import { release } from 'node:os';
import { btrfsMedium } from './medium.ts';
import { btrfsPool } from './pool.ts';
import { btrfsQuota } from './quota.ts';
import { btrfsCopy, btrfsCreate, btrfsFill, btrfsUsage, btrfsView } from './roots.ts';
import { btrfsTrees } from './trees.ts';
import type { StorageDriver } from '../../driver.ts';

/** Every tree is a subvolume: roots, snapshots and copies share what they have in common, and none is copied. */
export const btrfsDriver: StorageDriver = {
  name: 'btrfs',
  version: release(),
  flags: {},
  pool: btrfsPool,
  view: btrfsView,
  create: btrfsCreate,
  fill: btrfsFill,
  usage: btrfsUsage,
  copy: btrfsCopy,
  trees: btrfsTrees,
  quota: btrfsQuota,
  medium: btrfsMedium,
};
