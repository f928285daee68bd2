import { status, type WireInstance } from '#lib/contract';
import type { InstanceRow } from '#lib/store';
import type { Expanded } from '#lib/profile';

export type PowerState = 'running' | 'stopped' | 'frozen';

/** The only way from a row to the wire. */
export function instanceView(row: InstanceRow, expanded: Expanded, power: PowerState): WireInstance {
  return {
    name: row.name,
    description: row.description,
    status: status[power].text,
    status_code: status[power].code,
    created_at: row.createdAt.toISOString(),
    last_used_at: (row.lastUsedAt ?? new Date(0)).toISOString(),
    location: 'none',
    type: 'container',
    project: row.project,
    architecture: row.architecture,
    ephemeral: row.ephemeral,
    stateful: false,
    profiles: row.profiles,
    config: { ...row.config, ...row.volatile },
    devices: row.devices,
    expanded_config: expanded.config,
    expanded_devices: expanded.devices,
  };
}

/** What an instance's ETag is made of: all that a client may change, in LXD's order. volatile.* is left out on purpose. */
export function instanceEtag(row: InstanceRow): unknown {
  return [row.architecture, row.config, row.devices, row.ephemeral, row.profiles, row.description];
}
