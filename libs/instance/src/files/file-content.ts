import { Readable } from 'node:stream';

export interface ContentSource {
  chunks: AsyncIterable<Buffer>;
  /** What is promised; null: to the end, wherever that is. */
  length: number | null;
  failure: (error: unknown) => unknown;
  /** What is told when there is less than was promised. */
  short: () => unknown;
  /** Called once, also when nothing was ever read. */
  close: () => void;
}

/** An open file as a stream: as much as was promised, however the file grows, and broken off when it shrinks. */
export function fileContent({ chunks, length, failure, short, close }: ContentSource): Readable {
  const iterator = chunks[Symbol.asyncIterator]();
  let left = length ?? Infinity;
  const next = async (): Promise<Buffer | null> => {
    if (left <= 0) return null;
    const { done, value } = await iterator.next();
    if (done && length !== null) throw short();
    if (done) return null;
    const chunk = value.length > left ? value.subarray(0, left) : value;
    left -= chunk.length;
    return chunk;
  };
  return new Readable({
    read() {
      next().then(
        (chunk) => this.push(chunk),
        (error: unknown) => this.destroy(failure(error) as Error),
      );
    },
    destroy(error, done) {
      close();
      done(error);
    },
  });
}
