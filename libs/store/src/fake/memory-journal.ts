import type { EventRow, OperationRow } from '../rows.ts';
import type { Events, Operations } from '../store.ts';
import { keyOf } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';

export function memoryOperations(tables: MemoryTables, write: Write): Operations {
  const { operations } = tables;
  const isOver = (row: OperationRow) => row.statusCode >= 200;
  return {
    insert: (row) => write((inverses) => operations.insert(row, inverses)),
    update: (id, change) => write((inverses) => operations.update(id, change, inverses)),
    unfinished: async () => operations.where((row) => !isOver(row)).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()),
    get: async (id) => operations.get(id),
    deleteFinishedBefore: (at) =>
      write((inverses) => {
        const old = operations.where((row) => isOver(row) && row.updatedAt < at);
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
