import type { ScheduledSnapshots } from './scheduled.ts';

const minuteMs = 60_000;

interface Using {
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** Removes what its time is over for. `signal`: no further one is begun. */
interface Sweep {
  sweep(signal: AbortSignal): Promise<void>;
}

/** What is done with snapshots and backups unasked: when the daemon is up, and as each minute begins. */
export class SnapshotSweeps {
  readonly #expired: readonly Sweep[];
  readonly #scheduled: ScheduledSnapshots;
  readonly #using: Using;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(expired: readonly Sweep[], scheduled: ScheduledSnapshots, using: Using) {
    this.#expired = expired;
    this.#scheduled = scheduled;
    this.#using = using;
  }

  start(): void {
    this.#timer = setTimeout(() => this.start(), minuteMs - (this.#using.now().getTime() % minuteMs));
    this.#timer.unref();
    void this.sweep();
  }

  /** A sweep that is under way begins no further operation that an ending engine would take. */
  stop(): void {
    this.#closing.abort();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** One at a time; the minutes that a long one misses are seen to by the next. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  /** What is over goes first: its room may be needed. */
  async #sweep(): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    const { report } = this.#using;
    for (const each of this.#expired) await each.sweep(signal).catch((error: unknown) => report('looking for what has expired', error));
    await this.#scheduled.sweep(signal).catch((error: unknown) => report('looking for scheduled snapshots', error));
  }
}
