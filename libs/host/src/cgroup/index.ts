import { readFiles } from '../native.ts';
import { HostCgroups } from './cgroups.ts';
import type { CgroupOptions } from './cgroups.ts';

export { cgroupName, HostCgroups } from './cgroups.ts';
export type { CgroupOptions } from './cgroups.ts';
export { FakeCgroups } from './fake.ts';
export { hugepageSizes, limitKeysOf } from './limits.ts';

/** Control groups of this host, read through the addon. */
export function hostCgroups(options: CgroupOptions): HostCgroups {
  return new HostCgroups({ readFiles, ...options });
}
