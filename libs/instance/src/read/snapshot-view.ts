import { expiryText, type WireInstanceSnapshot } from '#lib/contract';
import type { Expanded } from '#lib/profile';
import type { SnapshotRow } from '#lib/store';

/** The only way from a snapshot's row to the wire. */
export function snapshotView(row: SnapshotRow, expanded: Expanded): WireInstanceSnapshot {
  return {
    name: row.name,
    created_at: row.createdAt.toISOString(),
    last_used_at: new Date(0).toISOString(),
    expires_at: expiryText(row.expiresAt),
    architecture: row.architecture,
    config: { ...row.config, ...row.volatile },
    devices: row.devices,
    expanded_config: expanded.config,
    expanded_devices: expanded.devices,
    ephemeral: row.ephemeral,
    profiles: row.profiles,
    stateful: false,
    size: -1,
  };
}

/** What a snapshot's ETag is made of: all that a client may change. */
export function snapshotEtag(row: SnapshotRow): unknown {
  return [expiryText(row.expiresAt)];
}
