import { HostCgroups } from './cgroups.ts';
import type { CgroupOptions } from './cgroups.ts';

export { cgroupName, HostCgroups } from './cgroups.ts';
export type { CgroupOptions } from './cgroups.ts';
export { FakeCgroups } from './fake.ts';

/** Control groups of this host, read through the addon, which is loaded at the first reading. */
export function hostCgroups(options: CgroupOptions): HostCgroups {
  const readFiles = async (paths: readonly string[]) => (await import('#native')).default.readFiles(paths);
  return new HostCgroups({ readFiles, ...options });
}
