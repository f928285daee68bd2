import { delay } from '#lib/base';
import { isDatabaseFailure } from '#lib/contract';
import type { EventRow, New, Store } from '#lib/store';
import type { Report } from './problem.ts';

const batchAfterMs = 200;
const retryAfterMs = 2000;
const batchSize = 500;
/** An event is not worth more time than this at the end. */
const closeWithinMs = 3000;
/** Events kept in memory while the database is away; older ones are dropped. */
const mostWaiting = 10_000;

/** Writes events to the event table, many at once and never on the path of a request. */
export class EventLog {
  #waiting: New<EventRow, 'id'>[] = [];
  #writing: Promise<void> | null = null;
  readonly #store: Store;
  readonly #report: Report;
  readonly #closed = new AbortController();

  constructor(store: Store, report: Report) {
    this.#store = store;
    this.#report = report;
  }

  append(row: New<EventRow, 'id'>): void {
    if (this.#closed.signal.aborted) return;
    this.#waiting.push(row);
    if (this.#waiting.length > mostWaiting) this.#waiting.splice(0, this.#waiting.length - mostWaiting);
    this.#writing ??= this.#writeAll();
  }

  /** Writes what waits, as far as the database lets; then takes no more. */
  async close(): Promise<void> {
    this.#closed.abort();
    const enough = new AbortController();
    await Promise.race([this.#writing, delay(closeWithinMs, enough.signal)]);
    enough.abort();
  }

  async #writeAll(): Promise<void> {
    await delay(batchAfterMs, this.#closed.signal);
    while (this.#waiting.length > 0) {
      try {
        await this.#write(this.#waiting.slice(0, batchSize));
      } catch (error) {
        this.#report({ what: 'writing events', error });
        if (this.#closed.signal.aborted) break;
        await delay(retryAfterMs, this.#closed.signal);
        continue;
      }
      if (this.#waiting.length > 0) await delay(batchAfterMs, this.#closed.signal);
    }
    this.#writing = null;
  }

  /**
   * What the database cannot hold is found by halving, and dropped: one such event must not stop all that follow. Each part
   * waits no longer once it is done: when the next one fails, only the rest is written again.
   */
  async #write(batch: readonly New<EventRow, 'id'>[]): Promise<void> {
    try {
      await this.#store.events.append(batch);
    } catch (error) {
      if (isDatabaseFailure(error)) throw error;
      const half = batch.length >> 1;
      if (half > 0) {
        await this.#write(batch.slice(0, half));
        return this.#write(batch.slice(half));
      }
      this.#report({ what: `dropping an event (${batch[0]?.type}) that cannot be written`, error });
    }
    const done = new Set(batch);
    this.#waiting = this.#waiting.filter((row) => !done.has(row));
  }
}
