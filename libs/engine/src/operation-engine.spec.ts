import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { Deferred } from '#lib/base';
import type { WireEvent, WireOperation } from '#lib/contract';
import { LxError } from '#lib/contract';
import type { Store } from '#lib/store';
import { MemoryStore, sampleOperation } from '../../store/src/fake/index.ts';
import { OperationEngine } from './operation-engine.ts';
import type { OperationSpec, Step, StepContext } from './operation-spec.ts';
import { defineOperation } from './operation-spec.ts';
import type { Problem } from './problem.ts';

type Context = StepContext<JsonObject, JsonObject>;

function engineOn(store: Store) {
  const problems: Problem[] = [];
  const events: WireEvent[] = [];
  const engine = new OperationEngine({ store, report: (problem) => problems.push(problem) });
  engine.events.subscribe((event) => events.push(event));
  return { engine, problems, events };
}

/** An operation that writes what it does into `trace`. */
function traced(
  trace: string[],
  change: Partial<Record<string, Partial<Step<JsonObject, JsonObject>>>> = {},
  onCrash: 'unwind' | 'resume' = 'unwind',
) {
  const steps = ['one', 'two', 'three'].map(
    (name): Step<JsonObject, JsonObject> => ({
      name,
      do: async (context) => {
        trace.push(name);
        context.state[name] = true;
      },
      undo: async () => void trace.push(`-${name}`),
      ...change[name],
    }),
  );
  return defineOperation<JsonObject, JsonObject>({ kind: 'instance.start', onCrash, steps });
}

function register<P extends JsonObject, S extends JsonObject>(engine: OperationEngine, spec: OperationSpec<P, S>): OperationSpec<P, S> {
  engine.register(spec);
  return spec;
}

const statusesOf = (events: WireEvent[]) =>
  events.filter((event) => event.type === 'operation').map((event) => (event.metadata as WireOperation).status);

describe('OperationEngine', () => {
  it('runs the steps, journals them with n + 1 commits, and tells of it', async () => {
    const store = new MemoryStore();
    const { engine, events } = engineOn(store);
    const trace: string[] = [];
    const spec = register(engine, traced(trace, { two: { commit: async (_, inside) => inside.config.set({ k: 'v' }) } }));
    const operation = await engine.start(spec, { name: 'c1' }, { project: 'default', resources: { instances: ['/1.0/instances/c1'] } });
    expect(operation.view()).toMatchObject({
      class: 'task',
      description: 'Starting instance',
      status: 'Running',
      status_code: 103,
      may_cancel: false,
      err: '',
      metadata: null,
      location: 'none',
      resources: { instances: ['/1.0/instances/c1'] },
    });
    const view = await operation.done;
    expect(view).toMatchObject({ status: 'Success', status_code: 200, err: '' });
    expect(trace).toEqual(['one', 'two', 'three']);
    expect(store.commits).toBe(4);
    const row = await store.operations.get(operation.id);
    expect(row).toMatchObject({
      statusCode: 200,
      begun: ['one', 'two', 'three'],
      finished: ['one', 'two', 'three'],
      state: { one: true, two: true, three: true },
    });
    expect(row?.updatedAt.toISOString()).toBe(view.updated_at);
    expect(await store.config.all()).toEqual({ k: 'v' });
    expect(statusesOf(events)).toEqual(['Pending', 'Running', 'Success']);
    expect(engine.get(operation.id)?.view()).toEqual(view);
    await engine.shutdown(0);
    expect((await store.events.since(0, 10)).map((event) => event.type)).toEqual(['operation']);
  });

  it('unwinds in reverse and shows the first cause', async () => {
    const store = new MemoryStore();
    const { engine, problems } = engineOn(store);
    const trace: string[] = [];
    const spec = register(
      engine,
      traced(trace, {
        one: { commit: async (_, inside) => inside.config.set({ k: 'v' }) },
        two: {
          undo: async () => {
            trace.push('-two');
            throw new Error('second');
          },
        },
        three: {
          do: async () => {
            throw new Error('first');
          },
        },
      }),
    );
    const view = await (await engine.start(spec, {}, { project: 'default' })).done;
    expect(view).toMatchObject({ status: 'Failure', status_code: 400, err: 'first' });
    expect(trace).toEqual(['one', 'two', '-three', '-two', '-one']);
    expect(problems).toMatchObject([{ what: 'undo of step "two" of instance.start', error: new Error('second') }]);
    expect(await store.operations.unfinished({ limit: 10 })).toEqual([]);
    await engine.shutdown(0);
  });

  it('treats a failing commit as a failing step', async () => {
    const store = new MemoryStore();
    const { engine } = engineOn(store);
    const trace: string[] = [];
    const spec = register(
      engine,
      traced(trace, {
        two: {
          commit: async (_, inside) => {
            await inside.config.set({ k: 'v' });
            throw new Error('taken');
          },
        },
      }),
    );
    const view = await (await engine.start(spec, {}, { project: 'default' })).done;
    expect(view.err).toBe('taken');
    expect(trace).toEqual(['one', 'two', '-two', '-one']);
    expect(await store.config.all()).toEqual({});
    await engine.shutdown(0);
  });

  it('refuses who comes second for a lock, naming what the first does', async () => {
    const { engine } = engineOn(new MemoryStore());
    const hold = new Deferred<void>();
    const spec = register(engine, traced([], { one: { do: () => hold.promise } }));
    const first = await engine.start(spec, {}, { project: 'default', locks: ['instance:1'] });
    await expect(engine.start(spec, {}, { project: 'default', locks: ['instance:2', 'instance:1'] })).rejects.toMatchObject({
      code: 'instance.busy',
      message: 'Instance is busy running a "start" operation',
    });
    await engine.start(spec, {}, { project: 'default', locks: ['instance:2'] });
    hold.resolve();
    await first.done;
    await engine.start(spec, {}, { project: 'default', locks: ['instance:1'] });
    await engine.shutdown(1000);
  });

  it('cancels: aborts the step, unwinds, and says Cancelled', async () => {
    const store = new MemoryStore();
    const { engine, events } = engineOn(store);
    const trace: string[] = [];
    const begun = new Deferred<void>();
    const untilAborted = (context: Context) =>
      new Promise<void>((_, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason));
        begun.resolve();
      });
    const spec = register(engine, traced(trace, { two: { do: untilAborted } }));
    const operation = await engine.start(spec, {}, { project: 'default', mayCancel: true });
    await begun.promise;
    await engine.cancel(operation.id);
    expect(await operation.done).toMatchObject({ status: 'Cancelled', status_code: 401, err: '' });
    expect(trace).toEqual(['one', '-two', '-one']);
    expect(statusesOf(events)).toEqual(['Pending', 'Running', 'Cancelling', 'Cancelled']);
    expect((await store.operations.get(operation.id))?.statusCode).toBe(401);
    await expect(engine.cancel(operation.id)).rejects.toMatchObject({ code: 'operation.not_cancellable' });
    await expect(engine.cancel('nope')).rejects.toMatchObject({ code: 'operation.not_found' });
    await engine.shutdown(0);
  });

  it('waits until the end, or as long as asked', async () => {
    const { engine, events } = engineOn(new MemoryStore());
    const hold = new Deferred<void>();
    const spec = register(
      engine,
      traced([], {
        one: {
          do: async (context) => {
            context.progress({ download_progress: '5%' });
            await hold.promise;
          },
        },
      }),
    );
    const operation = await engine.start(spec, {}, { project: 'default' });
    expect(await engine.wait(operation.id, 0)).toMatchObject({ status_code: 103, metadata: { download_progress: '5%' } });
    const waiting = engine.wait(operation.id);
    hold.resolve();
    expect((await waiting).status_code).toBe(200);
    expect(statusesOf(events)).toEqual(['Pending', 'Running', 'Running', 'Success']);
    await expect(engine.wait('nope')).rejects.toMatchObject({ code: 'operation.not_found' });
    await engine.shutdown(0);
  });

  it('refuses a kind that nobody registered, and anything once it stops', async () => {
    const { engine } = engineOn(new MemoryStore());
    await expect(engine.start(traced([]), {}, { project: 'default' })).rejects.toThrow('not registered');
    const spec = register(engine, traced([]));
    expect(() => engine.register(spec)).toThrow('already');
    await engine.shutdown(0);
    await expect(engine.start(spec, {}, { project: 'default' })).rejects.toMatchObject({ code: 'server.stopping' });
  });

  it('lists by project', async () => {
    const { engine } = engineOn(new MemoryStore());
    const spec = register(engine, traced([]));
    const operation = await engine.start(spec, {}, { project: 'other' });
    expect(engine.list('default')).toEqual([]);
    expect(engine.list('other')).toEqual([operation]);
    expect(engine.list(null)).toEqual([operation]);
    await engine.shutdown(1000);
  });
});

describe('a database that is away', () => {
  /** Lets the next writes fail, after they were done (`landed`) or before. */
  function failing(store: MemoryStore, times: number, landed: boolean) {
    const { tx } = store;
    let left = times;
    store.tx = async <T>(work: (inside: Store) => Promise<T>): Promise<T> => {
      const result = landed || left <= 0 ? await tx.call(store, work) : undefined;
      if (left-- > 0) throw new LxError('database.unavailable');
      return result as T;
    };
  }

  it.each([true, false])('does a step whose commit was not acknowledged once (it had landed: %s)', async (landed) => {
    const store = new MemoryStore();
    failing(store, 1, landed);
    const { engine } = engineOn(store);
    let commits = 0;
    const commit = async (_: Context, inside: Store) => {
      commits++;
      await inside.profiles.insert({ project: 'default', name: 'p', description: '', config: {}, devices: {} });
    };
    const trace: string[] = [];
    const spec = register(engine, traced(trace, { two: { commit } }));
    expect((await (await engine.start(spec, {}, { project: 'default' })).done).status_code).toBe(200);
    expect(trace).toEqual(['one', 'two', 'three']);
    // Its writes are sent with the journal's, which finds them done: the second time they are refused and rolled back.
    expect(commits).toBe(landed ? 2 : 1);
    expect((await store.profiles.list('default')).length).toBe(1);
    await engine.shutdown(0);
  });

  it('is waited for before a failed operation is over', async () => {
    const store = new MemoryStore();
    const { engine } = engineOn(store);
    const advance = store.operations.advance;
    let refusals = 2;
    store.operations.advance = async (id, entry) => {
      if (refusals-- > 0) throw new LxError('database.unavailable');
      return advance(id, entry);
    };
    const trace: string[] = [];
    let undone = 0;
    const undo = async () => {
      if (undone++ === 0) throw new LxError('database.unavailable');
      trace.push('-one');
    };
    const spec = register(engine, traced(trace, { one: { undo }, two: { do: async () => Promise.reject(new Error('no')) } }));
    const operation = await engine.start(spec, {}, { project: 'default', locks: ['instance:1'] });
    expect(await operation.done).toMatchObject({ status_code: 400, err: 'no' });
    expect(trace).toEqual(['one', '-two', '-one']);
    expect(await store.operations.unfinished({ limit: 10 })).toEqual([]);
    await engine.shutdown(0);
  });
});

describe('shutdown', () => {
  const stuck = (context: Context) =>
    new Promise<void>((_, reject) => context.signal.addEventListener('abort', () => reject(new Error('aborted'))));

  it('unwinds what does not end in time', async () => {
    const store = new MemoryStore();
    const { engine } = engineOn(store);
    const trace: string[] = [];
    const spec = register(engine, traced(trace, { two: { do: stuck } }));
    const operation = await engine.start(spec, {}, { project: 'default' });
    await engine.shutdown(20);
    expect(await operation.done).toMatchObject({ status_code: 400, err: 'LXD is shutting down' });
    expect(trace).toEqual(['one', '-two', '-one']);
  });

  it('leaves what resumes to the next daemon', async () => {
    const store = new MemoryStore();
    const { engine } = engineOn(store);
    const trace: string[] = [];
    const operation = await engine.start(register(engine, traced(trace, { two: { do: stuck } }, 'resume')), {}, { project: 'default' });
    await engine.shutdown(20);
    expect((await operation.done).status_code).toBe(103);
    const next = engineOn(store).engine;
    register(next, traced(trace, {}, 'resume'));
    await next.recover();
    expect(trace).toEqual(['one', 'two', 'three']);
    expect((await store.operations.get(operation.id))?.statusCode).toBe(200);
    await next.shutdown(0);
  });
});

describe('recovery', () => {
  it('marks kinds that are not known as failed', async () => {
    const store = new MemoryStore();
    await store.operations.insert(sampleOperation({ id: 'x', kind: 'gone.away', statusCode: 103, begun: ['a'], finished: [] }));
    const { engine, problems } = engineOn(store);
    await engine.recover();
    expect((await store.operations.get('x'))?.statusCode).toBe(400);
    expect(problems.length).toBe(1);
    await engine.shutdown(0);
  });

  it('goes on unwinding what was on its way back, also where it would resume', async () => {
    const store = new MemoryStore();
    await store.operations.insert(
      sampleOperation({
        id: 'x',
        kind: 'instance.start',
        statusCode: 103,
        error: 'first',
        begun: ['one', 'two'],
        finished: ['one'],
      }),
    );
    await store.operations.insert(sampleOperation({ id: 'y', kind: 'instance.start', statusCode: 104, begun: ['one'], finished: [] }));
    const { engine } = engineOn(store);
    const trace: string[] = [];
    register(engine, traced(trace, {}, 'resume'));
    await engine.recover();
    expect(trace.toSorted()).toEqual(['-one', '-one', '-two']);
    expect(await store.operations.get('x')).toMatchObject({ statusCode: 400, error: 'first' });
    expect(await store.operations.get('y')).toMatchObject({ statusCode: 401, error: '' });
    await engine.shutdown(0);
  });

  it('forgets operations after a day and events after a week', async () => {
    const store = new MemoryStore();
    const long = new Date(Date.now() - 8 * 86_400_000);
    await store.operations.insert(
      sampleOperation({
        id: 'old',
        kind: 'instance.start',
        statusCode: 200,
        begun: [],
        finished: [],
        updatedAt: long,
      }),
    );
    await store.events.append([{ type: 'lifecycle', project: 'default', at: long, metadata: {} }]);
    const { engine } = engineOn(store);
    await engine.recover();
    expect(await store.operations.get('old')).toBeNull();
    expect(await store.events.since(0, 10)).toEqual([]);
    await engine.shutdown(0);
  });
});
