import type { DeviceMap, StringMap } from '#lib/base';
import type { InstanceRow, ProfileRow } from '#lib/store';

export interface Expanded {
  config: StringMap;
  devices: DeviceMap;
}

/**
 * What an instance really gets: the profiles in their order, the later over the earlier, then its own config and
 * devices. A device replaces one of the same name whole; options are not merged.
 */
export function expand(
  profiles: readonly Pick<ProfileRow, 'config' | 'devices'>[],
  own: Pick<InstanceRow, 'config' | 'devices'> & { volatile?: StringMap },
): Expanded {
  const config: StringMap = {};
  const devices: DeviceMap = {};
  for (const source of [...profiles, own]) {
    Object.assign(config, source.config);
    Object.assign(devices, source.devices);
  }
  Object.assign(config, own.volatile ?? {});
  return { config, devices };
}
