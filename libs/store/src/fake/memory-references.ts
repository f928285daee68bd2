import { isDeepStrictEqual } from 'node:util';
import type { DeviceMap } from '#lib/base';
import type { InstanceRow, ProfileRow, VolumeRow } from '../rows.ts';
import { RowConflict } from '../store.ts';
import type { MemoryTables } from './memory-tables.ts';

/** What the foreign keys of the real store do, under the same names. */

/** Refuses devices that name a network, a pool or a custom volume that is not there. */
export function refuseUnknownNames(tables: MemoryTables, owner: 'instance' | 'profile', project: string, devices: DeviceMap): void {
  for (const options of Object.values(devices)) {
    const { type, network, pool } = options;
    if (type === 'nic' && network && !networkNamed(tables, project, network)) throw new RowConflict(`${owner}_reference_network`);
    if (type === 'disk' && pool && tables.pools.where((row) => row.name === pool).length === 0)
      throw new RowConflict(`${owner}_reference_pool`);
    if (namesVolume(options) && !volumeNamed(tables, project, options)) throw new RowConflict(`${owner}_reference_volume`);
  }
}

/** Refuses profiles that are not there, or are not what was seen of them. */
export function refuseUnknownProfiles(
  tables: MemoryTables,
  { project, profiles }: Pick<InstanceRow, 'project' | 'profiles'>,
  seen?: readonly Pick<ProfileRow, 'config' | 'devices'>[],
): void {
  profiles.forEach((name, at) => {
    const [row] = tables.profiles.where((profile) => profile.project === project && profile.name === name);
    const expected = seen?.[at];
    const changed = row && expected && !(same(row.config, expected.config) && same(row.devices, expected.devices));
    if (!row || changed) throw new RowConflict('instance_profile_profile');
  });
}

/** Refuses to delete what a device names. */
export function refuseNamed(
  tables: MemoryTables,
  kind: 'network' | 'pool' | 'volume',
  matches: (project: string, options: Options) => boolean,
): void {
  for (const owner of ['instance', 'profile'] as const) {
    const rows = owner === 'instance' ? tables.instances.all() : tables.profiles.all();
    const users = rows.filter(({ project, devices }) => Object.values(devices).some((options) => matches(project, options)));
    if (users.length > 0) throw new RowConflict(`${owner}_reference_${kind}`);
  }
}

type Options = DeviceMap[string];

function networkNamed({ networks }: MemoryTables, project: string, name: string): boolean {
  return networks.where((row) => row.project === project && row.name === name).length > 0;
}

/** Whether a device is this custom volume. */
export function isVolume(tables: MemoryTables, volumeId: string): (project: string, options: Options) => boolean {
  return (project, options) => namesVolume(options) && volumeNamed(tables, project, options)?.id === volumeId;
}

function namesVolume({ type, pool, source }: Options): boolean {
  return type === 'disk' && Boolean(pool) && Boolean(source);
}

function volumeNamed({ pools, volumes }: MemoryTables, project: string, { pool, source }: Options): VolumeRow | null {
  const poolIds = pools.where((row) => row.name === pool).map(({ id }) => id);
  const isIt = (row: VolumeRow) =>
    row.type === 'custom' && row.parentId === null && row.project === project && row.name === source && poolIds.includes(row.poolId);
  return volumes.where(isIt)[0] ?? null;
}

/** As jsonb compares: the order of keys does not count. */
function same(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}
