import { expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import type { WireOperation } from '#lib/contract';
import type { Operation } from '#lib/engine';
import { Turns } from './turns.ts';

function operation(): { operation: Operation; end: () => void } {
  const done = new Deferred<WireOperation>();
  const view = () => ({}) as WireOperation;
  return {
    operation: { id: 'o', kind: 'instance.start', requestor: null, view, done: done.promise, failure: null },
    end: () => done.resolve(view()),
  };
}

it('a note waits for the operation that runs, and the next operation for the note', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const first = operation();
  await turns.begin('a', async () => first.operation);
  expect(turns.running('a')).toBe(first.operation);
  const noted = turns.note('a', async () => void order.push('noted'));
  const second = turns.begin('a', async () => {
    order.push('began');
    return operation().operation;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  first.end();
  await noted;
  await second;
  expect(order).toEqual(['noted', 'began']);
});

it('other instances wait for nothing', async () => {
  const turns = new Turns();
  await turns.begin('a', async () => operation().operation);
  await turns.note('b', async () => {});
  await turns.begin('c', async () => operation().operation);
});

it('a start that is refused leaves no turn, nor does a note that fails', async () => {
  const turns = new Turns();
  await expect(turns.begin('a', () => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
  await expect(turns.note('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await turns.free('a');
  await turns.idle();
  expect(turns.running('a')).toBeNull();
  await turns.begin('a', async () => operation().operation);
});
