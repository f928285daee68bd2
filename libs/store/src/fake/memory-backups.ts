import type { BackupRow } from '../rows.ts';
import type { Backups } from '../store.ts';
import { RowConflict } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName } from './memory-tables.ts';

export function memoryBackups({ instances, backups }: MemoryTables, write: Write): Backups {
  return {
    list: async (ids) => backups.where((row) => ids === null || ids.includes(row.instanceId)).sort(oldestFirst),
    get: async (instanceId, name) => backups.where((row) => row.instanceId === instanceId && row.name === name)[0] ?? null,
    byId: async (id) => backups.get(id),
    expired: async (by) => backups.where(({ expiresAt }) => expiresAt !== null && expiresAt <= by).sort(oldestFirst),
    insert: (row) =>
      write((inverses) => {
        if (!instances.get(row.instanceId)) throw new RowConflict('instance_backup_instance');
        backups.insert(row, inverses);
      }),
    update: (id, change) => write((inverses) => backups.update(id, change, inverses)),
    delete: (id) => write((inverses) => backups.delete(id, inverses)),
  };
}

function oldestFirst(a: BackupRow, b: BackupRow): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || byName(a, b);
}
