import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { faultPoints } from './faults.ts';
import type { OperationSpec } from './operation-spec.ts';
import { resumesFromEveryStep, stepsAreIdempotent, unwindsFromEveryStep } from './testing.ts';

interface Fakes {
  store: MemoryStore;
  params: { name: string };
  made: Set<string>;
}
const setup = (): Fakes => ({ store: new MemoryStore(), params: { name: 'x' }, made: new Set() });

/** Makes a thing, then writes its name down; `forgetful` leaves the undo of the first step out. */
const making =
  (forgetful: boolean, onCrash: 'unwind' | 'resume' = 'unwind') =>
  ({ made, store }: Fakes): OperationSpec<{ name: string }, JsonObject> => ({
    kind: 'image.create',
    onCrash,
    steps: [
      {
        name: 'make',
        do: async ({ params }) => void made.add(params.name),
        ...(forgetful ? {} : { undo: async ({ params }) => void made.delete(params.name) }),
      },
      {
        name: 'record',
        do: async () => {},
        undo: async ({ params }) => store.config.set({ [params.name]: null }),
        commit: async ({ params }, inside) => inside.config.set({ [params.name]: 'made' }),
      },
      { name: 'finish', do: async () => {} },
    ],
  });

const clean = async ({ made, store }: Fakes) => {
  expect([...made]).toEqual([]);
  expect(await store.config.all()).toEqual({});
};
const done = async ({ made, store }: Fakes) => {
  expect([...made]).toEqual(['x']);
  expect(await store.config.all()).toEqual({ x: 'made' });
};

describe('the helpers for operations', () => {
  it('pass an operation that is right', async () => {
    await unwindsFromEveryStep(making(false), setup, clean);
    await unwindsFromEveryStep(making(false, 'resume'), setup, clean);
    await stepsAreIdempotent(making(false), setup, done, clean);
    await resumesFromEveryStep(making(false, 'resume'), setup, done);
  });

  it('find a missing undo, and name the place', async () => {
    await expect(unwindsFromEveryStep(making(true), setup, clean)).rejects.toThrow('failure after do of make');
  });

  it('know every fault point', () => {
    expect(faultPoints(making(true)(setup()))).toEqual([
      'image.create:make:before',
      'image.create:make:during',
      'image.create:make:after',
      'image.create:record:before',
      'image.create:record:during',
      'image.create:record:after',
      'image.create:record:undo',
      'image.create:finish:before',
      'image.create:finish:during',
      'image.create:finish:after',
    ]);
  });
});
