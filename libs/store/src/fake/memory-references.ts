import { isDeepStrictEqual } from 'node:util';
import type { DeviceMap } from '#lib/base';
import type { InstanceRow, ProfileRow, VolumeRow } from '../rows.ts';
import { RowConflict } from '../store.ts';
import type { Inverse } from './memory-table.ts';
import type { MemoryTables } from './memory-tables.ts';

/** What the foreign keys of the real store do, under the same names. */

/** Refuses devices that name what is not there, and holds the custom volumes that they name. */
export function referTo(
  tables: MemoryTables,
  owner: 'instance' | 'profile',
  { id, project, devices }: Pick<InstanceRow, 'id' | 'project' | 'devices'>,
  inverses: Inverse[],
): void {
  forgetUses(tables, owner, id, inverses);
  for (const [device, options] of Object.entries(devices)) {
    const { type, network, pool } = options;
    if (type === 'nic' && network && !networkNamed(tables, project, network)) throw new RowConflict(`${owner}_reference_network`);
    if (type === 'disk' && pool && tables.pools.where((row) => row.name === pool).length === 0)
      throw new RowConflict(`${owner}_reference_pool`);
    if (type !== 'disk' || !pool || !options.source) continue;
    const volume = volumeNamed(tables, project, options);
    if (!volume) throw new RowConflict(`${owner}_reference_volume`);
    tables.volumeUses.insert({ owner, ownerId: id, device, volumeId: volume.id }, inverses);
  }
}

/** What an owner holds goes with it. */
export function forgetUses({ volumeUses }: MemoryTables, owner: 'instance' | 'profile', id: string, inverses: Inverse[]): void {
  for (const use of volumeUses.where((row) => row.owner === owner && row.ownerId === id))
    volumeUses.delete(volumeUses.key.of(use), inverses);
}

/** Ids of those who hold a custom volume. */
export function volumeUsers({ volumeUses }: MemoryTables, owner: 'instance' | 'profile', volumeId: string): string[] {
  return volumeUses.where((use) => use.owner === owner && use.volumeId === volumeId).map(({ ownerId }) => ownerId);
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

/** Refuses to delete a network or a pool that a device names. */
export function refuseNamed(tables: MemoryTables, kind: 'network' | 'pool', matches: (project: string, options: Options) => boolean): void {
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
