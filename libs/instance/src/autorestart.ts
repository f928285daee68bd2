const mostRestarts = 10;
const withinMs = 60_000;

/** Instances that are started again after an end that nobody asked for (boot.autorestart): not without end. */
export class Autorestarts {
  readonly #now: () => Date;
  /** When an instance was started again, within the last minute. */
  readonly #times = new Map<string, number[]>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Whether the instance may be started again now; it counts as started then. */
  take(id: string): boolean {
    const now = this.#now().getTime();
    for (const [each, times] of this.#times) {
      const recent = times.filter((at) => at > now - withinMs);
      if (recent.length > 0) this.#times.set(each, recent);
      else this.#times.delete(each);
    }
    const recent = this.#times.get(id) ?? [];
    if (recent.length >= mostRestarts) return false;
    this.#times.set(id, [...recent, now]);
    return true;
  }
}
