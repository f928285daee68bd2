import { expiryText, type WirePool, type WireVolume, type WireVolumeBackup, type WireVolumeSnapshot } from '#lib/contract';
import { snapshotOf, volumeOwner } from '#lib/storage';
import type { BackupRow, PoolRow, VolumeRow } from '#lib/store';

/** Types of volumes in URLs. */
export const volumeTypes = ['container', 'virtual-machine', 'image', 'custom'];

export function presentPool(row: PoolRow, usedBy: string[], available: boolean): WirePool {
  const { name, driver, description, config } = row;
  return { name, driver, description, config, used_by: usedBy, status: available ? 'Created' : 'Errored', locations: ['none'] };
}

/** `usedBy`: URLs of those who use a custom volume; any other belongs to what it is of. */
export function presentVolume(row: VolumeRow, pool: string, usedBy: readonly string[]): WireVolume {
  return {
    name: row.name,
    type: row.type,
    content_type: row.contentType,
    description: row.description,
    config: row.config,
    project: row.project,
    location: 'none',
    created_at: row.createdAt.toISOString(),
    used_by: row.type === 'custom' ? [...usedBy] : [volumeOwner(row, pool)],
  };
}

export function presentVolumeSnapshot(row: VolumeRow): WireVolumeSnapshot {
  const { description, config, contentType, createdAt, expiresAt } = row;
  return {
    ...{ name: snapshotOf(row), description, config, content_type: contentType },
    created_at: createdAt.toISOString(),
    expires_at: expiryText(expiresAt),
  };
}

export function presentVolumeBackup({ name, alone, createdAt, expiresAt }: BackupRow): WireVolumeBackup {
  return {
    ...{ name, created_at: createdAt.toISOString(), expires_at: expiryText(expiresAt) },
    ...{ volume_only: alone, optimized_storage: false },
  };
}

/** What the ETag of a volume's snapshot covers. */
export function volumeSnapshotTuple({ description, expiresAt }: VolumeRow): unknown[] {
  return [description, expiryText(expiresAt)];
}

/** What a pool's ETag covers. */
export function poolTuple({ name, driver, config }: PoolRow): unknown[] {
  return [name, driver, config];
}

/** What a volume's ETag covers. */
export function volumeTuple({ name, type, config }: VolumeRow): unknown[] {
  return [name, type, config];
}
