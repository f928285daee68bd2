import { expect, it } from 'vitest';
import { fileContent } from './file-content.ts';

const of = (chunks: string[], length: number | null, broken?: Error) => {
  let closed = 0;
  const source = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
    if (broken) throw broken;
  })();
  const content = fileContent({
    chunks: source,
    length,
    failure: (error) => new Error(`told: ${(error as Error).message}`),
    short: () => new Error('short'),
    close: () => (closed += 1),
  });
  return { content, closed: () => closed };
};

const read = async (content: AsyncIterable<Buffer>) => {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

it('yields what was promised, however the file grows', async () => {
  const { content, closed } = of(['abc', 'def', 'ghi'], 5);
  expect(await read(content)).toBe('abcde');
  expect(closed()).toBe(1);
});

it('yields all where nothing was promised', async () => {
  expect(await read(of(['abc', 'def'], null).content)).toBe('abcdef');
  expect(await read(of([], null).content)).toBe('');
});

it('breaks off when the file shrinks, or fails', async () => {
  const shrunk = of(['abc'], 5);
  await expect(read(shrunk.content)).rejects.toThrow('told: short');
  expect(shrunk.closed()).toBe(1);
  await expect(read(of(['abc'], null, new Error('no')).content)).rejects.toThrow('told: no');
});

it('closes what was never read', async () => {
  const { content, closed } = of(['abc'], 3);
  const over = new Promise((resolve) => content.once('close', resolve));
  content.destroy();
  await over;
  expect(closed()).toBe(1);
});
