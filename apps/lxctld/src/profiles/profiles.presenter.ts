import { urls, type WireProfile } from '#lib/contract';
import type { InstanceRow, ProfileRow } from '#lib/store';

export function presentProfile(row: ProfileRow, users: readonly Pick<InstanceRow, 'name' | 'project'>[]): WireProfile {
  return {
    name: row.name,
    description: row.description,
    config: row.config,
    devices: row.devices,
    used_by: users.map(({ name, project }) => urls.instance(name, project)),
  };
}

/** What a profile's ETag covers. */
export function profileTuple(row: ProfileRow): unknown[] {
  return [row.config, row.description, row.devices];
}
