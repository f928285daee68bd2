import { expiryText, type WireInstanceBackup } from '#lib/contract';
import type { BackupRow } from '#lib/store';

/** The only way from a backup's row to the wire. */
export function backupView({ name, alone, createdAt, expiresAt }: BackupRow): WireInstanceBackup {
  return {
    name,
    created_at: createdAt.toISOString(),
    expires_at: expiryText(expiresAt),
    instance_only: alone,
    container_only: alone,
    optimized_storage: false,
  };
}
