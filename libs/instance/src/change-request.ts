import { isDeepStrictEqual } from 'node:util';
import type { DeviceMap, StringMap } from '#lib/base';
import { instanceConfigProblems, problemsOf, refuse } from '#lib/contract';
import { deviceProblems, isUnicastMac, nics, rootDisk } from '#lib/device';
import type { InstanceRow } from '#lib/store';
import { missingProfiles, newAddresses, wholeProblems } from './create-request.ts';
import type { InstanceDeps } from './deps.ts';
import { expand } from './expand.ts';
import { changeable, devicesAreFixed, type InstanceChange, type UpdateParams } from './operations/update.ts';

/** Checks a change against the profiles and devices the instance will have, naming every problem at once. */
export async function prepareUpdate(deps: InstanceDeps, row: InstanceRow, change: InstanceChange): Promise<UpdateParams> {
  const { config, volatile } = separated(change.config);
  const before = expand(await deps.store.profiles.many(row.project, row.profiles), row);
  const profiles = await deps.store.profiles.many(row.project, change.profiles);
  const { devices } = expand(profiles, { config, devices: change.devices });
  const problems = [
    ...instanceConfigProblems(config),
    ...deviceProblems(change.devices),
    ...missingProfiles(change.profiles, profiles),
    ...addressProblems(volatile),
  ];
  if (problems.length === 0) problems.push(...(await wholeProblems(deps, row.project, devices)));
  const pool = rootDisk(before.devices)?.pool;
  const addresses = chosenAddresses(row, devices, volatile);
  const newDevices = Object.keys(addresses).length > 0 || !isDeepStrictEqual(devices, before.devices);
  refuse([
    ...problems,
    ...problemsOf([
      [problems.length === 0 && pool && rootDisk(devices)?.pool !== pool, 'Cannot update root disk device pool name'],
      [newDevices && deps.supervision.get(row.id), devicesAreFixed],
    ]),
  ]);
  return {
    id: row.id,
    name: row.name,
    before: changeable(row),
    after: { ...change, config },
    volatile: { ...newAddresses(devices, row.volatile), ...addresses },
    newDevices,
  };
}

/** Empty values mean "not set". */
function separated(given: StringMap): { config: StringMap; volatile: StringMap } {
  const config: StringMap = {};
  const volatile: StringMap = {};
  for (const [key, value] of Object.entries(given)) if (value !== '') (key.startsWith('volatile.') ? volatile : config)[key] = value;
  return { config, volatile };
}

const addressKey = /^volatile\.(.+)\.hwaddr$/;

function addressProblems(volatile: StringMap): string[] {
  const bad = Object.entries(volatile).filter(([key, value]) => addressKey.test(key) && !isUnicastMac(value));
  return bad.map(([key, value]) => `Invalid value for key ${JSON.stringify(key)}: Invalid MAC address "${value}"`);
}

/**
 * The addresses that a client chose for its nics. Of the server's own notes nothing else is taken from a client: what it
 * sends back is as a rule what it read a while ago.
 */
function chosenAddresses(row: InstanceRow, devices: DeviceMap, volatile: StringMap): StringMap {
  const keys = nics(devices).map((nic) => `volatile.${nic.device}.hwaddr`);
  return Object.fromEntries(keys.flatMap((key) => (volatile[key] && volatile[key] !== row.volatile[key] ? [[key, volatile[key]]] : [])));
}
