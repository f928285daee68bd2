import type { EventRow, OperationRow } from '../rows.ts';
import type { Events, Operations } from '../store.ts';
import { RowMissing } from '../store.ts';
import { keyOf } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';

type Age = Pick<OperationRow, 'createdAt' | 'id'>;

export function memoryOperations(tables: MemoryTables, write: Write): Operations {
  const { operations } = tables;
  const isOver = (row: OperationRow) => row.statusCode >= 200;
  const byAge = (a: Age, b: Age) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : Number(a.id !== b.id));
  return {
    insert: (row) => write((inverses) => operations.insert(row, inverses)),
    advance: (id, entry) =>
      write((inverses) => {
        const row = operations.get(id);
        if (!row) throw new RowMissing('operation_pkey');
        if (row.revision >= entry.revision) return false;
        operations.update(id, entry, inverses);
        return true;
      }),
    unfinished: async ({ after, limit }) =>
      operations
        .where((row) => !isOver(row) && (!after || byAge(row, after) > 0))
        .sort(byAge)
        .slice(0, limit),
    overtaken: async (ids) => {
      const latest = new Map<string, number>();
      for (const row of operations.where(({ statusCode }) => statusCode === 200))
        for (const lock of row.locks) latest.set(lock, Math.max(latest.get(lock) ?? 0, row.createdAt.getTime()));
      return ids.filter((id) => {
        const row = operations.get(id);
        return row?.locks.some((lock) => (latest.get(lock) ?? 0) > row.createdAt.getTime());
      });
    },
    get: async (id) => operations.get(id),
    deleteFinishedBefore: (at) =>
      write((inverses) => {
        const oldest = operations.where((row) => !isOver(row)).sort(byAge)[0]?.createdAt ?? at;
        const old = operations.where((row) => isOver(row) && row.updatedAt < at && row.updatedAt < oldest);
        for (const row of old) operations.delete(row.id, inverses);
        return old.length;
      }),
  };
}

export function memoryEvents(tables: MemoryTables, write: Write): Events {
  const { events } = tables;
  const key = (row: EventRow) => keyOf(String(row.id));
  return {
    append: (rows) =>
      write((inverses) => {
        for (const row of rows) events.insert({ ...row, id: ++tables.lastEventId }, inverses);
      }),
    since: async (id, limit) =>
      events
        .where((row) => row.id > id)
        .sort((a, b) => a.id - b.id)
        .slice(0, limit),
    deleteBefore: (at) =>
      write((inverses) => {
        const old = events.where((row) => row.at < at);
        for (const row of old) events.delete(key(row), inverses);
        return old.length;
      }),
  };
}
