export interface Beginning {
  /** As much as had to be read to know whether there is more than `most`. */
  chunks: Uint8Array[];
  /** What follows; null: nothing. */
  rest: AsyncIterator<Uint8Array> | null;
}

/** Reads the source to its end, or until it has yielded more than `most` bytes. */
export async function beginningOf(source: AsyncIterable<Uint8Array>, most: number): Promise<Beginning> {
  const rest = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  for (let size = 0; size <= most; ) {
    const { done, value } = await rest.next();
    if (done) return { chunks, rest: null };
    chunks.push(value);
    size += value.length;
  }
  return { chunks, rest };
}

/** All of it. Whoever leaves early has to end `rest`. */
export async function* wholeOf({ chunks, rest }: Beginning): AsyncGenerator<Uint8Array> {
  yield* chunks;
  for (let next = await rest?.next(); next && !next.done; next = await rest?.next()) yield next.value;
}
