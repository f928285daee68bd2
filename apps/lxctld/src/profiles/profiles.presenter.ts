import type { WireProfile } from '#lib/contract';
import type { InstanceRow, ProfileRow } from '#lib/store';

export function presentProfile(row: ProfileRow, users: readonly Pick<InstanceRow, 'name'>[]): WireProfile {
  return {
    name: row.name,
    description: row.description,
    config: row.config,
    devices: row.devices,
    used_by: users.map(({ name }) => `/1.0/instances/${name}`),
  };
}

export function profileUrl(row: Pick<ProfileRow, 'name'>): string {
  return `/1.0/profiles/${encodeURIComponent(row.name)}`;
}

/** What a profile's ETag covers. */
export function profileTuple(row: ProfileRow): unknown[] {
  return [row.config, row.description, row.devices];
}
