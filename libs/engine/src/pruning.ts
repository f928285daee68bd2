import type { Store } from '#lib/store';
import type { Report } from './problem.ts';

const hourMs = 3_600_000;
const operationsForMs = 24 * hourMs;
const eventsForMs = 7 * 24 * hourMs;

/** Deletes operations that ended more than a day ago and events older than a week: now, and every hour. */
export class Pruning {
  #timer: NodeJS.Timeout | null = null;

  constructor(
    readonly store: Store,
    readonly now: () => Date,
    readonly report: Report,
  ) {}

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#prune(), hourMs);
    this.#timer.unref();
    await this.#prune();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  async #prune(): Promise<void> {
    const now = this.now().getTime();
    try {
      await this.store.operations.deleteFinishedBefore(new Date(now - operationsForMs));
      await this.store.events.deleteBefore(new Date(now - eventsForMs));
    } catch (error) {
      this.report({ what: 'pruning old operations and events', error });
    }
  }
}
