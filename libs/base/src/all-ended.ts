/** Waits for all, then fails as the first of the list that failed: what still went on would get in the way of taking it back. */
export async function allEnded<const T extends readonly Promise<unknown>[]>(work: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
