/** `leave`: the containers go on; `stop`: they shut down first; `kill`: they are killed. */
export interface ShutdownMode {
  instances: 'leave' | 'stop' | 'kill';
}

/** What the house is told: the mode, and how long running operations may take to end. */
export interface StopOrder extends ShutdownMode {
  patienceMs: number;
}

/** The way from an endpoint or a signal to the end of the daemon. */
export class Shutdown {
  readonly #act: (mode: ShutdownMode) => Promise<readonly string[]>;
  #stopped: Promise<readonly string[]> | null = null;

  /** `act` resolves with what could not be done, when only the sockets are left. */
  constructor(act: (mode: ShutdownMode) => Promise<readonly string[]>) {
    this.#act = act;
  }

  get asked(): boolean {
    return this.#stopped !== null;
  }

  /** The first call counts; the rest get its outcome, as the daemon is on its way down. */
  request(mode: ShutdownMode): Promise<readonly string[]> {
    this.#stopped ??= this.#act(mode);
    return this.#stopped;
  }
}
