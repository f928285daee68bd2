/** What `source` yields; fails with the signal's reason at once when that is aborted, also while the source lets it wait. */
export async function* interruptible<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let waiting: ((reason: unknown) => void) | null = null;
  const stop = () => waiting?.(signal.reason);
  const next = () =>
    new Promise<IteratorResult<T>>((resolve, reject) => {
      waiting = reject;
      iterator.next().then(resolve, reject);
    });
  signal.addEventListener('abort', stop);
  let over = false;
  try {
    while (!signal.aborted) {
      const { done, value } = await next();
      over = done === true;
      if (done) return;
      yield value;
    }
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', stop);
    // Not waited for: a source that yields nothing does not hear of it either.
    if (!over) iterator.return?.()?.catch(() => undefined);
  }
}
