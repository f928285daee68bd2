import type { Client } from 'pg';
import { delay } from '#lib/base';
import type { Cache } from './cache.ts';

/** The channel of the triggers in the migration `changes-told`. */
const channel = 'lxctl_changed';
const pauseMs = 200;
/** A connection that nobody answers on any more is noticed after so long. */
const heartbeatMs = 5000;
const answerWithinMs = 3000;

/** Tells the cache what is changed in the database, by whomever, on a connection of its own. Lost, it is made anew. */
export class ChangeListener {
  readonly #cache: Cache;
  readonly #connect: () => Client;
  readonly #closed = new AbortController();
  readonly #over: Promise<void>;

  /** `connect`: a client that has not connected yet. */
  constructor(cache: Cache, connect: () => Client) {
    this.#cache = cache;
    this.#connect = connect;
    this.#over = this.#run();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#over;
  }

  async #run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const client = this.#connect();
      const lost = new Promise<void>((resolve) => {
        client.on('error', () => resolve());
        client.on('end', () => resolve());
      });
      client.on('notification', ({ payload }) => this.#cache.heard(payload ?? ''));
      try {
        await client.connect();
        await client.query(`LISTEN ${channel}`);
        this.#cache.listening();
        await this.#watch(client, lost);
      } catch {
        // The database is away: whoever asks it something is told so.
      }
      this.#cache.deaf();
      // An end that is not answered is not waited for.
      void client.end().catch(() => {});
      await delay(pauseMs, this.#closed.signal);
    }
  }

  /** Resolves when the connection is lost or no longer wanted; rejects when it does not answer. */
  async #watch(client: Client, lost: Promise<void>): Promise<void> {
    let over = false;
    const end = lost.then(() => (over = true));
    while (!over && !this.#closed.signal.aborted) {
      const beat = new AbortController();
      const stop = () => beat.abort();
      this.#closed.signal.addEventListener('abort', stop, { once: true });
      await Promise.race([end, delay(heartbeatMs, beat.signal)]);
      beat.abort();
      this.#closed.signal.removeEventListener('abort', stop);
      if (!over && !this.#closed.signal.aborted)
        await client.query({ text: 'SELECT 1', query_timeout: answerWithinMs } as { text: string });
    }
  }
}
