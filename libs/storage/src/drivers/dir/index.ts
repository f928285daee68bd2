import { dirPool } from './pool.ts';
import { dirCopy, dirCreate, dirFill, dirUsage, dirView } from './roots.ts';
import type { StorageDriver } from '../../driver.ts';

/** A root is a plain directory, copied from the image (by reference where the file system can). */
export const dirDriver: StorageDriver = {
  name: 'dir',
  version: '1',
  flags: {},
  pool: dirPool,
  view: dirView,
  create: dirCreate,
  fill: dirFill,
  usage: dirUsage,
  copy: dirCopy,
};
