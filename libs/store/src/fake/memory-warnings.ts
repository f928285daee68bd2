import type { Warnings } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';

export function memoryWarnings({ warnings }: MemoryTables, write: Write): Warnings {
  return {
    list: async () => warnings.all().sort((a, b) => a.firstSeenAt.getTime() - b.firstSeenAt.getTime() || (a.id < b.id ? -1 : 1)),
    get: async (id) => warnings.get(id),
    about: async (type, entity, entityId) =>
      warnings.where((row) => row.type === type && row.entity === entity && row.entityId === entityId)[0] ?? null,
    insert: (row) => write((inverses) => warnings.insert(row, inverses)),
    update: (id, change) => write((inverses) => warnings.update(id, change, inverses)),
    delete: (id) => write((inverses) => warnings.delete(id, inverses)),
    deleteResolvedBefore: (at) =>
      write((inverses) => {
        for (const row of warnings.where(({ status, updatedAt }) => status === 'resolved' && updatedAt < at))
          warnings.delete(row.id, inverses);
      }),
  };
}
