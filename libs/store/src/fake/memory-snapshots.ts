import type { SnapshotRow } from '../rows.ts';
import type { Snapshots } from '../store.ts';
import { RowConflict } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName } from './memory-tables.ts';

export function memorySnapshots({ instances, snapshots }: MemoryTables, write: Write): Snapshots {
  return {
    list: async (ids) => snapshots.where((row) => ids === null || ids.includes(row.instanceId)).sort(oldestFirst),
    get: async (instanceId, name) => snapshots.where((row) => row.instanceId === instanceId && row.name === name)[0] ?? null,
    byId: async (id) => snapshots.get(id),
    expired: async (by) => snapshots.where(({ expiresAt }) => expiresAt !== null && expiresAt <= by).sort(oldestFirst),
    insert: (row) =>
      write((inverses) => {
        if (!instances.get(row.instanceId)) throw new RowConflict('instance_snapshot_instance');
        snapshots.insert(row, inverses);
      }),
    update: (id, change) => write((inverses) => snapshots.update(id, change, inverses)),
    delete: (id) => write((inverses) => snapshots.delete(id, inverses)),
  };
}

function oldestFirst(a: SnapshotRow, b: SnapshotRow): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || byName(a, b);
}
