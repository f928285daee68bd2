import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { delay } from '#lib/base';
import { isConnectionFailure, unavailable } from './failures.ts';

/** First and longest pause between two attempts to connect. */
const firstPauseMs = 20;
const longestPauseMs = 100;

/** The pool behind a data source, without TypeORM's query runners: those cannot give back a connection as broken. */
export class Connections {
  readonly #source: DataSource;
  readonly #pool: Pool;
  readonly #closeWithinMs: number;
  readonly #open = new Set<PoolClient>();
  #closed = false;

  /** `closeWithinMs`: how long connections may take to say goodbye at the end. */
  constructor(source: DataSource, closeWithinMs: number) {
    this.#source = source;
    this.#closeWithinMs = closeWithinMs;
    this.#pool = (source.driver as unknown as { master: Pool }).master;
    this.#pool.on('remove', (client) => this.#open.delete(client));
  }

  /** Rejects with LxError 'database.unavailable' when there is none by the deadline. Give it back with `release(broken)`. */
  async take(deadline: number): Promise<PoolClient> {
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      if (this.#closed) throw unavailable(new Error('the store is closed'));
      try {
        return this.#known(await this.#pool.connect());
      } catch (error) {
        if (!isConnectionFailure(error)) throw error;
        if (Date.now() + pause > deadline) throw unavailable(error);
        await delay(pause);
      }
    }
  }

  /** Ends every connection; those whose server does not answer are cut. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const ended = this.#source.isInitialized ? this.#source.destroy() : Promise.resolve();
    const enough = new AbortController();
    await Promise.race([ended, delay(this.#closeWithinMs, enough.signal)]);
    enough.abort();
    for (const client of this.#open) streamOf(client).destroy();
    ended.catch(() => {}); // nothing more is waited for
  }

  #known(client: PoolClient): PoolClient {
    if (this.#open.has(client)) return client;
    this.#open.add(client);
    // One that breaks in somebody's hands says so to the query; without a listener the event would end the daemon.
    return client.on('error', () => {});
  }
}

function streamOf(client: PoolClient): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}
