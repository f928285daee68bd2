import type { DeviceMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { rootDisk } from '#lib/device';

/** The pool that a new root is made in, by the root disk of the expanded devices. LxError 'request.invalid' where there is none. */
export function rootPool(devices: DeviceMap): string {
  const root = rootDisk(devices);
  if (!root) throw new LxError('request.invalid', { problems: ['Failed detecting root disk device: No root device could be found'] });
  return root.pool;
}
