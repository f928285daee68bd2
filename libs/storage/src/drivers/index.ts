import { btrfsDriver } from './btrfs/index.ts';
import { dirDriver } from './dir/index.ts';
import { overlayDriver } from './overlay/index.ts';
import type { StorageDriver } from '../driver.ts';

/** Every storage driver, by name. The first is the default. */
export const storageDrivers: Readonly<Record<string, StorageDriver>> = { overlay: overlayDriver, dir: dirDriver, btrfs: btrfsDriver };
