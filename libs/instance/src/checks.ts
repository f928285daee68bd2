import { randomBytes } from 'node:crypto';
import type { DeviceMap, StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { deviceProblems, expandedDeviceProblems, nics } from '#lib/device';
import type { Networks } from '#lib/network';
import type { Storage } from '#lib/storage';
import { rootVolume } from './root-volume.ts';

/** Whose pools and networks an instance's devices name. */
export interface DeviceHolders {
  storage: Storage;
  networks: Networks;
}

/** Profiles that are asked for and not there. */
export function missingProfiles(names: readonly string[], profiles: readonly { name: string }[]): string[] {
  const known = new Set(profiles.map((profile) => profile.name));
  return names.filter((name) => !known.has(name)).map((name) => `Requested profile "${name}" doesn't exist`);
}

/** Problems of the whole: one root disk in a pool that exists, networks that exist. */
export async function wholeProblems(holders: DeviceHolders, project: string, devices: DeviceMap): Promise<string[]> {
  const problems = [...deviceProblems(devices), ...expandedDeviceProblems(devices)];
  if (problems.length > 0) return problems;
  const missing = (error: unknown) => {
    if (error instanceof LxError && error.status < 500) return error.message;
    throw error;
  };
  const pool = holders.storage.pool(rootVolume({ project, name: '' }, devices).pool).then(
    () => [],
    (error: unknown) => [`Failed loading root disk: ${missing(error)}`],
  );
  const networks = nics(devices).map(async ({ device, network }) => {
    if (!network) return [];
    return holders.networks.get(project, network).then(
      () => [],
      (error: unknown) => [`Device validation failed for "${device}": Failed loading network "${network}": ${missing(error)}`],
    );
  });
  return (await Promise.all([pool, ...networks])).flat();
}

/** MACs for the nics that have none yet. LXD's prefix, so that tools know whose they are. */
export function newAddresses(devices: DeviceMap, known: StringMap): StringMap {
  const made: StringMap = {};
  for (const nic of nics(devices)) {
    const key = `volatile.${nic.device}.hwaddr`;
    if (!nic.hwaddr && !known[key]) made[key] = ['00', '16', '3e', ...(randomBytes(3).toString('hex').match(/../g) ?? [])].join(':');
  }
  return made;
}
