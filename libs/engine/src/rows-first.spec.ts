import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { LxError } from '#lib/contract';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { OperationEngine } from './operation-engine.ts';
import { defineOperation, type OperationSpec, type Step } from './operation-spec.ts';
import { unwindsFromEveryStep } from './testing.ts';

type Params = { fetch: boolean; start: boolean };

/** The first step makes a row, the second and the third something on the host. */
function spec(store: MemoryStore, host: Set<string>, change: Partial<Step<Params, JsonObject>> = {}): OperationSpec<Params, JsonObject> {
  const made = (name: string): Step<Params, JsonObject> => ({
    name,
    do: async () => void host.add(name),
    undo: async () => void host.delete(name),
  });
  const rows: Step<Params, JsonObject> = {
    name: 'rows',
    rowsOnly: ({ fetch }) => !fetch,
    async do({ state }) {
      state['drawn'] = 'x';
    },
    commit: async (_, writes) => void (await writes.profiles.insert({ ...profile, name: 'row' })),
    undo: async () => {
      const row = await store.profiles.get('default', 'row');
      if (row) await store.profiles.delete(row.id);
    },
    ...change,
  };
  const steps = [rows, made('root'), { ...made('launch'), when: ({ start }: Params) => start }];
  return defineOperation<Params, JsonObject>({ kind: 'instance.create', onCrash: 'unwind', steps });
}

const profile = { project: 'default', description: '', config: {}, devices: {} };
const names = async (store: MemoryStore) => (await store.profiles.list('default')).map(({ name }) => name);

function engineOn(store: MemoryStore) {
  return new OperationEngine({ store, report: () => {} });
}

describe('a first step that is rows only', () => {
  it.each([
    [{ fetch: false, start: true }, 3],
    [{ fetch: true, start: true }, 4],
    [{ fetch: false, start: false }, 2],
  ])('saves a commit, as a step does that is not there (%j)', async (params, commits) => {
    const store = new MemoryStore();
    const engine = engineOn(store);
    const host = new Set<string>();
    const operation = spec(store, host);
    engine.register(operation);
    const begun = await engine.start(operation, params, { project: 'default' });
    expect((await begun.done).status_code).toBe(200);
    expect(store.commits).toBe(commits);
    expect([...host]).toEqual(params.start ? ['root', 'launch'] : ['root']);
    expect(await store.operations.get(begun.id)).toMatchObject({ statusCode: 200, state: { drawn: 'x' } });
    await engine.shutdown(0);
  });

  it.each([true, false])('is undone from every point (started: %s)', async (start) => {
    const setup = () => ({ store: new MemoryStore(), params: { fetch: false, start }, host: new Set<string>() });
    await unwindsFromEveryStep<Params, JsonObject, ReturnType<typeof setup>>(
      ({ store, host }) => spec(store, host),
      setup,
      async ({ store, host }) => {
        expect([...host]).toEqual([]);
        expect(await names(store)).toEqual([]);
      },
    );
  });

  it('tells its refusal to the caller, and nothing is written or held', async () => {
    const store = new MemoryStore();
    const engine = engineOn(store);
    const operation = spec(store, new Set(), { commit: () => Promise.reject(new LxError('instance.exists', { name: 'c' })) });
    engine.register(operation);
    const start = () => engine.start(operation, { fetch: false, start: false }, { project: 'default', locks: ['c'] });
    for (let times = 0; times < 2; times++) await expect(start()).rejects.toMatchObject({ code: 'instance.exists' });
    expect(await store.operations.unfinished({ limit: 1 })).toEqual([]);
    expect(engine.list(null)).toEqual([]);
    await engine.shutdown(0);
  });

  it.each([true, false])('is undone when nobody knows whether it was written (it was: %s)', async (landed) => {
    const store = new MemoryStore();
    const { tx } = store;
    store.tx = async (work) => {
      if (landed) await tx.call(store, work);
      throw new LxError('database.unavailable');
    };
    const engine = engineOn(store);
    const host = new Set<string>();
    const operation = spec(store, host);
    engine.register(operation);
    const start = () => engine.start(operation, { fetch: false, start: false }, { project: 'default', locks: ['c'] });
    await expect(start()).rejects.toMatchObject({ code: 'database.unavailable' });
    store.tx = tx;
    let next = await start().catch(() => null);
    while (!next) next = await start().catch(() => null);
    expect((await next.done).status_code).toBe(200);
    expect(await names(store)).toEqual(['row']);
    expect(await store.operations.unfinished({ limit: 1 })).toEqual([]);
    await engine.shutdown(0);
  });

  it('can only be the first', async () => {
    const store = new MemoryStore();
    const engine = engineOn(store);
    const operation = spec(store, new Set());
    expect(() => engine.register({ ...operation, steps: operation.steps.toReversed() })).toThrow('is not the first step');
    await engine.shutdown(0);
  });
});
