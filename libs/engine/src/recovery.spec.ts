import { expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import type { OperationRow, Operations } from '#lib/store';
import { MemoryStore, sampleOperation } from '../../store/src/fake/index.ts';
import { OperationEngine } from './operation-engine.ts';
import { defineOperation } from './operation-spec.ts';
import { recoverAll } from './recovery.ts';

const left = (change: Partial<OperationRow>) => sampleOperation({ begun: ['one'], ...change });

it('does not touch what a later operation has changed', async () => {
  const store = new MemoryStore();
  const old = left({ createdAt: new Date(1000), locks: ['instance:default/a'], params: { name: 'a' } });
  const free = left({ createdAt: new Date(1000), locks: ['instance:default/b'], params: { name: 'b' } });
  await store.operations.insert(old);
  await store.operations.insert(free);
  await store.operations.insert(left({ createdAt: new Date(2000), locks: ['instance:default/a'], statusCode: 200 }));
  await store.operations.insert(left({ createdAt: new Date(2000), locks: ['instance:default/b'], statusCode: 400 }));
  const touched: unknown[] = [];
  const reports: string[] = [];
  const engine = new OperationEngine({ store, report: ({ what }) => reports.push(what) });
  engine.register(
    defineOperation<JsonObject, JsonObject>({
      kind: 'instance.start',
      onCrash: 'unwind',
      steps: [{ name: 'one', do: async () => {}, undo: async ({ params }) => void touched.push(params['name']) }],
    }),
  );
  await engine.recover();
  expect(touched).toEqual(['b']);
  expect(reports).toEqual(['instance.start was left unfinished, and a later operation came after it']);
  expect((await store.operations.get(old.id))?.statusCode).toBe(400);
  expect(await store.operations.unfinished({ limit: 1 })).toEqual([]);
  await engine.shutdown(0);
});

it('takes up 20,000 operations a page and a few at a time', async () => {
  const all = Array.from({ length: 20_000 }, (_, n) => left({ id: String(n).padStart(6, '0'), createdAt: new Date(0) }));
  let largest = 0;
  const operations = {
    unfinished: async ({ after, limit }) => {
      const from = after ? Number(after.id) + 1 : 0;
      largest = Math.max(largest, limit);
      return all.slice(from, from + limit);
    },
    overtaken: async (ids) => ids.filter((id) => id.endsWith('7')),
  } as Partial<Operations> as Operations;
  const seen = new Map<string, boolean>();
  let running = 0;
  let most = 0;
  await recoverAll(operations, async (row, overtaken) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    seen.set(row.id, overtaken);
  });
  expect(seen.size).toBe(20_000);
  expect([...seen.values()].filter(Boolean).length).toBe(2000);
  expect(largest).toBeLessThanOrEqual(500);
  expect(most).toBeLessThanOrEqual(32);
});
