const minuteMs = 60_000;

export interface SweepUsing {
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** A look for what is due. `signal`: nothing further is begun. */
export interface Sweep {
  sweep(signal: AbortSignal): Promise<void>;
}

/** What is done unasked, one look after the other: when the daemon is up, and as each minute begins. */
export class Sweeps {
  readonly #looks: readonly Sweep[];
  readonly #using: SweepUsing;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(looks: readonly Sweep[], using: SweepUsing) {
    this.#looks = looks;
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

  async #sweep(): Promise<void> {
    const { signal } = this.#closing;
    for (const each of this.#looks) {
      if (signal.aborted) return;
      await each.sweep(signal).catch((error: unknown) => this.#using.report('looking for what is due', error));
    }
  }
}
