import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { OperationEngine } from './operation-engine.ts';
import { defineOperation, type Step } from './operation-spec.ts';
import { unwindsFromEveryStep } from './testing.ts';

type AnyStep = Step<JsonObject, JsonObject>;
interface Made {
  store: MemoryStore;
  params: JsonObject;
  made: Set<string>;
}

const world = (): Made => ({ store: new MemoryStore(), params: {}, made: new Set() });

function spec(made: Set<string>, changes: Partial<Record<string, Partial<AnyStep>>> = {}, onCrash: 'unwind' | 'resume' = 'unwind') {
  const step = (name: string): AnyStep => ({
    name,
    do: async () => void made.add(name),
    undo: async () => void made.delete(name),
    ...changes[name],
  });
  return defineOperation<JsonObject, JsonObject>({ kind: 'instance.create', onCrash, steps: ['row', 'root', 'launch'].map(step) });
}

const joined = { root: { joined: true } } as const;

describe('a step that is joined with the next', () => {
  it('saves a commit', async () => {
    const { store, made } = world();
    const engine = new OperationEngine({ store, report: () => {} });
    const operation = spec(made, joined);
    engine.register(operation);
    expect((await (await engine.start(operation, {}, { project: 'default' })).done).status_code).toBe(200);
    expect(store.commits).toBe(3);
    await engine.shutdown(0);
  });

  it('is undone from every point, with the one after it', () =>
    unwindsFromEveryStep<JsonObject, JsonObject, Made>(
      ({ made }) => spec(made, joined),
      world,
      ({ made }) => expect([...made]).toEqual([]),
    ));

  it.each([
    ['the first', { row: { joined: true as const } }, 'unwind' as const],
    ['the last', { launch: { joined: true as const } }, 'unwind' as const],
    ['one that commits', { root: { joined: true as const, commit: async () => {} } }, 'unwind' as const],
    ['one of an operation that resumes', joined, 'resume' as const],
  ])('cannot be %s', async (_, changes, onCrash) => {
    const { store, made } = world();
    const engine = new OperationEngine({ store, report: () => {} });
    expect(() => engine.register(spec(made, changes, onCrash))).toThrow('cannot be joined');
    await engine.shutdown(0);
  });
});
