import type { BackupRow } from '../rows.ts';
import type { Backups } from '../store.ts';
import { RowConflict } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName } from './memory-tables.ts';

export function memoryBackups(tables: MemoryTables, owner: 'instance' | 'volume', write: Write): Backups {
  const [owners, backups] = owner === 'instance' ? [tables.instances, tables.backups] : [tables.volumes, tables.volumeBackups];
  return {
    list: async (ids) => backups.where((row) => ids === null || ids.includes(row.ownerId)).sort(oldestFirst),
    get: async (ownerId, name) => backups.where((row) => row.ownerId === ownerId && row.name === name)[0] ?? null,
    byId: async (id) => backups.get(id),
    expired: async (by) => backups.where(({ expiresAt }) => expiresAt !== null && expiresAt <= by).sort(oldestFirst),
    insert: (row) =>
      write((inverses) => {
        if (!owners.get(row.ownerId)) throw new RowConflict(`${owner}_backup_${owner}`);
        backups.insert(row, inverses);
      }),
    update: (id, change) => write((inverses) => backups.update(id, change, inverses)),
    delete: (id) => write((inverses) => backups.delete(id, inverses)),
  };
}

function oldestFirst(a: BackupRow, b: BackupRow): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || byName(a, b);
}
