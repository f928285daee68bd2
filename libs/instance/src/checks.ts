import type { DeviceMap, StringMap } from '#lib/base';
import { keyOf } from '#lib/contract';
import { type DeviceHolders, deviceProblems, expandedDeviceProblems, missingOf } from '#lib/device';

/** Profiles that are asked for and not there. */
export function missingProfiles(names: readonly string[], profiles: readonly { name: string }[]): string[] {
  const known = new Set(profiles.map((profile) => profile.name));
  return names.filter((name) => !known.has(name)).map((name) => `Requested profile "${name}" doesn't exist`);
}

/** Problems of the whole: one root disk, no name twice, pools and networks that exist. */
export async function wholeProblems(
  holders: DeviceHolders,
  project: string,
  devices: DeviceMap,
  volatile: StringMap = {},
): Promise<string[]> {
  const problems = [...deviceProblems(devices), ...expandedDeviceProblems(devices)];
  return problems.length > 0 ? problems : missingOf(holders, project, devices, volatile);
}

/** Why an instance with this expanded config is not to be started. */
export function startProblems(config: StringMap): string[] {
  return keyOf(config, 'security.protection.start') ? ['Instance is protected from being started (security.protection.start)'] : [];
}
