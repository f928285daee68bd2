/** `leave`: the containers go on; `stop`: they shut down first; `kill`: they are killed. */
export interface ShutdownMode {
  instances: 'leave' | 'stop' | 'kill';
}

/** What the house is told: the mode, and how long running operations may take to end. */
export interface StopOrder extends ShutdownMode {
  patienceMs: number;
}

/** The way from an endpoint or a signal to the end of the daemon. main.ts says what happens. */
export class Shutdown {
  #asked = false;

  constructor(private readonly act: (mode: ShutdownMode) => void) {}

  /** The first call counts; the rest are ignored, as the daemon is on its way down. */
  request(mode: ShutdownMode): void {
    if (this.#asked) return;
    this.#asked = true;
    // The answer to the request goes out first.
    setImmediate(() => this.act(mode));
  }
}
