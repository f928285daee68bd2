/** One build and those who wait for it. */
interface Build<T> {
  result: Promise<T>;
  stop: AbortController;
  listeners: Set<(text: string) => void>;
}

/**
 * Work that several callers may ask for at once, by name: it is done once, all hear of its progress, and it is stopped when
 * the last of them has gone away.
 */
export class Builds<T> {
  readonly #running = new Map<string, Build<T>>();

  async join(
    name: string,
    work: (progress: (text: string) => void, signal: AbortSignal) => Promise<T>,
    progress: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<T> {
    signal?.throwIfAborted();
    const build = this.#running.get(name) ?? this.#begin(name, work);
    build.listeners.add(progress);
    let leave = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal?.reason);
    });
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([build.result, left]);
    } finally {
      signal?.removeEventListener('abort', leave);
      build.listeners.delete(progress);
      if (build.listeners.size === 0 && this.#running.get(name) === build) {
        this.#running.delete(name);
        build.stop.abort();
        // Whoever asks next must not meet the remains.
        await build.result.catch(() => {});
      }
    }
  }

  #begin(name: string, work: (progress: (text: string) => void, signal: AbortSignal) => Promise<T>): Build<T> {
    const stop = new AbortController();
    const listeners = new Set<(text: string) => void>();
    const tell = (text: string) => {
      for (const listener of listeners) listener(text);
    };
    const result = work(tell, stop.signal).finally(() => {
      if (this.#running.get(name) === build) this.#running.delete(name);
    });
    result.catch(() => {});
    const build: Build<T> = { result, stop, listeners };
    this.#running.set(name, build);
    return build;
  }
}
