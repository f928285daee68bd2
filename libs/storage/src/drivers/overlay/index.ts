import { release } from 'node:os';
import { overlayPool } from './pool.ts';
import { overlayCreate, overlayFill, overlayLayers, overlayUsage, overlayView } from './roots.ts';
import type { StorageDriver } from '../../driver.ts';

/** An image is a read-only layer, a root is a directory of changes over it. Creating a root copies nothing. */
export const overlayDriver: StorageDriver = {
  name: 'overlay',
  version: release(),
  flags: {},
  pool: overlayPool,
  view: overlayView,
  create: overlayCreate,
  fill: overlayFill,
  usage: overlayUsage,
  layers: overlayLayers,
};
