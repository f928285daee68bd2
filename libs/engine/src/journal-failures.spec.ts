import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { Deferred } from '#lib/base';
import { LxError } from '#lib/contract';
import type { Store } from '#lib/store';
import { RowConflict } from '#lib/store';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { succeeded } from './engine.ts';
import { OperationEngine } from './operation-engine.ts';
import type { Step } from './operation-spec.ts';
import { defineOperation } from './operation-spec.ts';
import type { Problem } from './problem.ts';

const refused = (reason: string) => new LxError('database.failed', { reason });

/** What a database says that is there and does not write, and what nobody has thought of. */
const failures: [string, () => Error][] = [
  ['a read-only transaction', () => refused('cannot execute UPDATE in a read-only transaction')],
  ['a full disk', () => refused('could not extend file: No space left on device')],
  ['a cancelled statement', () => refused('canceling statement due to user request')],
  ['a deadlock', () => refused('deadlock detected')],
  ['a serialization failure', () => refused('could not serialize access')],
  ['a lost connection', () => new LxError('database.unavailable')],
  ['something unknown', () => new TypeError('not a function')],
];

/** A store whose journal fails `times` times at its nth write: before it is done, or after, with the answer lost. */
function failingStore(nth: number, times: number, failure: () => Error, landed: boolean): MemoryStore {
  const store = new MemoryStore();
  let writes = 0;
  const wrap = (inside: Store, whole: boolean) => {
    const { advance } = inside.operations;
    inside.operations.advance = async (id, entry) => {
      writes++;
      const fails = writes >= nth && writes < nth + times;
      if (fails && !landed) throw failure();
      const done = await advance(id, entry);
      if (fails && whole) throw failure();
      return done;
    };
  };
  wrap(store, true);
  const { tx } = store;
  store.tx = async <T>(work: (inside: Store) => Promise<T>): Promise<T> => {
    const before = writes;
    const result = await tx.call(store, async (inside) => {
      wrap(inside, false);
      return work(inside);
    });
    if (landed && writes > before && writes >= nth && writes < nth + times) throw failure();
    return result as T;
  };
  return store;
}

function engineOn(store: Store) {
  const problems: Problem[] = [];
  return { engine: new OperationEngine({ store, report: (problem) => problems.push(problem), unwindWithinMs: 50 }), problems };
}

type Steps = Partial<Record<string, Partial<Step<JsonObject, JsonObject>>>>;

/** Two steps, both with rows of their own. */
function rows(trace: string[], change: Steps = {}, onCrash: 'unwind' | 'resume' = 'unwind') {
  const step = (name: string): Step<JsonObject, JsonObject> => ({
    name,
    do: async () => void trace.push(name),
    undo: async () => void trace.push(`-${name}`),
    commit: async (_, store) => {
      await store.profiles.insert({ project: 'default', name, description: '', config: {}, devices: {} });
    },
    ...change[name],
  });
  return defineOperation<JsonObject, JsonObject>({ kind: 'instance.start', onCrash, steps: [step('one'), step('two')] });
}

const named = async (store: Store) => (await store.profiles.list('default')).map(({ name }) => name);

describe.each(failures)('%s', (_, failure) => {
  it.each([
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ])('at write %i of the journal (it had landed: %s) is got over: every row is written once', async (nth, landed) => {
    const store = failingStore(nth, 2, failure, landed);
    const { engine } = engineOn(store);
    const trace: string[] = [];
    const spec = rows(trace);
    engine.register(spec);
    const operation = await engine.start(spec, {}, { project: 'default' });
    expect((await operation.done).status_code).toBe(200);
    expect(trace).toEqual(['one', 'two']);
    expect(await named(store)).toEqual(['one', 'two']);
    expect(await store.operations.get(operation.id)).toMatchObject({ statusCode: 200, finished: ['one', 'two'] });
    await engine.shutdown(0);
  });

  it.each(['unwind', 'resume'] as const)('while a failed operation that would %s is unwound is got over', async (onCrash) => {
    for (const nth of [2, 3]) {
      const store = failingStore(nth, 2, failure, false);
      const { engine } = engineOn(store);
      const trace: string[] = [];
      const two = { do: async () => Promise.reject(new LxError('instance.changed')) };
      const spec = rows(trace, { two }, onCrash);
      engine.register(spec);
      const operation = await engine.start(spec, {}, { project: 'default', locks: ['instance:1'] });
      await expect(succeeded(operation)).rejects.toMatchObject({ code: 'instance.changed' });
      expect(trace).toEqual(['one', '-two', '-one']);
      expect(await store.operations.unfinished({ limit: 10 })).toEqual([]);
      await engine.shutdown(0);
    }
  });

  it('that lasts keeps the lock, tells no end, and leaves the operation to the next daemon', async () => {
    const store = failingStore(2, Infinity, failure, false);
    const { engine, problems } = engineOn(store);
    const trace: string[] = [];
    const reached = new Deferred<void>();
    const spec = rows(trace, { two: { do: async () => reached.resolve() } });
    engine.register(spec);
    const operation = await engine.start(spec, {}, { project: 'default', locks: ['instance:1'] });
    await reached.promise;
    expect(await engine.wait(operation.id, 50)).toMatchObject({ status_code: 103 });
    await expect(engine.start(spec, {}, { project: 'default', locks: ['instance:1'] })).rejects.toMatchObject({ code: 'instance.busy' });
    expect(problems).toMatchObject([{ what: 'journal of instance.start waits for the database', operationId: operation.id }]);
    await engine.shutdown(0);
    expect((await operation.done).status_code).toBe(103);
    expect(await store.operations.unfinished({ limit: 10 })).toMatchObject([{ begun: ['one', 'two'], finished: ['one'] }]);
    expect(trace).toEqual(['one']);
  });
});

describe('what a commit refuses', () => {
  it.each([
    ['an error of the catalogue', () => new LxError('instance.exists', { name: 'c1' })],
    ['a broken uniqueness', () => new RowConflict('instance_project_name')],
    ['a mistake of its own', () => new TypeError('not a function')],
  ])('%s fails the operation, at once', async (_, refusal) => {
    const store = new MemoryStore();
    const { engine } = engineOn(store);
    const trace: string[] = [];
    const spec = rows(trace, { two: { commit: async () => Promise.reject(refusal()) } });
    engine.register(spec);
    const operation = await engine.start(spec, {}, { project: 'default' });
    await expect(succeeded(operation)).rejects.toThrow(refusal());
    expect(trace).toEqual(['one', 'two', '-two', '-one']);
    expect(await store.operations.get(operation.id)).toMatchObject({ statusCode: 400, error: refusal().message });
    await engine.shutdown(0);
  });
});

describe('an operation whose first row may or may not be written', () => {
  it.each([true, false])('is over for the next daemon, and nobody comes in before that is written (it was: %s)', async (landed) => {
    const store = new MemoryStore();
    const { insert } = store.operations;
    const mend = new Deferred<void>();
    let inserts = 0;
    store.operations.insert = async (row) => {
      if (++inserts === 1) {
        if (landed) await insert(row);
        throw new LxError('database.unavailable');
      }
      await mend.promise;
      return insert(row);
    };
    const { engine } = engineOn(store);
    const trace: string[] = [];
    const spec = rows(trace);
    engine.register(spec);
    const start = () => engine.start(spec, {}, { project: 'default', locks: ['instance:1'] });
    await expect(start()).rejects.toMatchObject({ code: 'database.unavailable' });
    await expect(start()).rejects.toMatchObject({ code: 'instance.busy' });
    mend.resolve();
    let second = await start().catch(() => null);
    while (!second) second = await start().catch(() => null);
    expect((await second.done).status_code).toBe(200);
    expect(await store.operations.unfinished({ limit: 10 })).toEqual([]);
    expect(trace).toEqual(['one', 'two']);
    await engine.shutdown(0);
  });
});

it('writes down a failure whose text a database cannot hold', async () => {
  const store = new MemoryStore();
  const { engine } = engineOn(store);
  const spec = rows([], {
    one: {
      do: async ({ progress }) => {
        progress({ note: 'a\u0000b' });
        throw new Error('half \ud800');
      },
    },
  });
  engine.register(spec);
  const operation = await engine.start(spec, {}, { project: 'default' });
  await operation.done;
  expect(await store.operations.get(operation.id)).toMatchObject({ error: 'half \ufffd', metadata: { note: 'a\ufffdb' } });
  await engine.shutdown(0);
});
