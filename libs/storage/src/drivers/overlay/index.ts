import { release } from 'node:os';
import { overlayPool } from './pool.ts';
import { overlayRoots } from './roots.ts';
import type { StorageDriver } from '../../driver.ts';

/** An image is a read-only layer, a root is a directory of changes over it. Creating a root copies nothing. */
export const overlayDriver: StorageDriver = {
  info: { name: 'overlay', version: release(), remote: false, layered: true },
  pool: overlayPool,
  roots: overlayRoots,
};
