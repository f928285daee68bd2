import { dirPool } from './pool.ts';
import { dirRoots } from './roots.ts';
import type { StorageDriver } from '../../driver.ts';

/** A root is a plain directory, copied from the image (by reference where the file system can). */
export const dirDriver: StorageDriver = {
  info: { name: 'dir', version: '1', remote: false, layered: false },
  pool: dirPool,
  roots: dirRoots,
};
