import { expect, it } from 'vitest';
import { beginningOf, wholeOf } from './beginning.ts';

const of = async function* (...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
};
const textOf = async (source: AsyncIterable<Uint8Array>) => {
  let text = '';
  for await (const chunk of source) text += Buffer.from(chunk).toString();
  return text;
};

it('is all of a short source', async () => {
  const { chunks, rest } = await beginningOf(of('ab', 'cd'), 4);
  expect([Buffer.concat(chunks).toString(), rest]).toEqual(['abcd', null]);
  expect(await beginningOf(of(), 4)).toEqual({ chunks: [], rest: null });
});

it('is no more of a longer one than shows that, and the rest follows', async () => {
  const beginning = await beginningOf(of('ab', 'cd', 'e', 'f'), 4);
  expect(Buffer.concat(beginning.chunks).toString()).toBe('abcde');
  expect(await textOf(wholeOf(beginning))).toBe('abcdef');
});

it('fails with the source, before and after', async () => {
  const broken = async function* () {
    yield* of('abc', 'def');
    throw new Error('cut off');
  };
  await expect(beginningOf(broken(), 100)).rejects.toThrow('cut off');
  await expect(textOf(wholeOf(await beginningOf(broken(), 4)))).rejects.toThrow('cut off');
});
