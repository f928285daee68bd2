import type { DeviceMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { isRootDisk, rootDisk } from '#lib/device';
import { expand } from '#lib/profile';
import type { ProfileRow } from '#lib/store';

/** The pool that a new root is made in, by the root disk of the expanded devices. LxError 'request.invalid' where there is none. */
export function rootPool(devices: DeviceMap): string {
  const root = rootDisk(devices);
  if (!root) throw new LxError('request.invalid', { problems: ['Failed detecting root disk device: No root device could be found'] });
  return root.pool;
}

/** Devices that these profiles give, in this order; of those that are gone none. */
export function inheritedDevices(names: readonly string[], profiles: readonly ProfileRow[]): DeviceMap {
  const own = names.flatMap((name) => profiles.find((profile) => profile.name === name) ?? []);
  return expand(own, { config: {}, devices: {} }).devices;
}

/** Devices whose root disk is in the pool: their own, or else one like `another`'s, where there is one. */
export function withRootIn(pool: string, devices: DeviceMap, another: DeviceMap): DeviceMap {
  const [own] = Object.entries(devices).filter(([, options]) => isRootDisk(options));
  const [like] = Object.entries(another).filter(([, options]) => isRootDisk(options));
  const [name, options] = own ?? like ?? [null, {}];
  return name === null ? devices : { ...devices, [name]: { ...options, pool } };
}

/** The same of an instance's own devices, which need no root disk where the one they inherit is in the pool. */
export function ownRootIn(pool: string, devices: DeviceMap, inherited: DeviceMap): DeviceMap {
  const fits = rootDisk(devices) === null && rootDisk(inherited)?.pool === pool;
  return fits ? devices : withRootIn(pool, devices, inherited);
}
