import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { interruptible } from './interruptible.ts';

const all = async (source: AsyncIterable<string>) => {
  const seen: string[] = [];
  try {
    for await (const each of source) seen.push(each);
  } catch (error) {
    seen.push(String((error as Error).message));
  }
  return seen;
};

it('yields what the source yields, and leaves nothing with the signal', async () => {
  const { signal } = new AbortController();
  const source = (async function* () {
    yield 'a';
    yield 'b';
  })();
  expect(await all(interruptible(source, signal))).toEqual(['a', 'b']);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  const failing = (async function* () {
    yield 'a';
    throw new Error('cut off');
  })();
  expect(await all(interruptible(failing, signal))).toEqual(['a', 'cut off']);
});

it('fails at once when it is aborted, while the source lets it wait too', async () => {
  const stop = new AbortController();
  const source = (async function* () {
    yield 'a';
    setImmediate(() => stop.abort(new Error('enough')));
    await new Promise(() => {});
  })();
  expect(await all(interruptible(source, stop.signal))).toEqual(['a', 'enough']);
  expect(await all(interruptible((async function* () {})(), stop.signal))).toEqual(['enough']);
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});
