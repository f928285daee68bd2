import type { TestDaemon } from './daemon.ts';

/** Where a daemon is to kill itself, and in which kind of operation that is. */
export interface FaultAt<K extends string> {
  kind: K;
  point: string;
}

/**
 * Every point of every kind of operation, in an order and a way that spares starts of daemons: the one that recovers from a
 * point is armed for the next where it can be, which is one of another kind (its own recovery would meet it), and none of
 * those that are used between two points.
 */
export class FaultRun<K extends string> {
  readonly points: readonly FaultAt<K>[];
  readonly #usedBetween: readonly K[];
  #armed: string | null = null;

  constructor(pointsOf: Readonly<Record<K, readonly string[]>>, usedBetween: readonly K[]) {
    const lists = (Object.keys(pointsOf) as K[]).map((kind) => pointsOf[kind].map((point) => ({ kind, point })));
    const most = Math.max(...lists.map((list) => list.length));
    this.points = Array.from({ length: most }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat();
    this.#usedBetween = usedBetween;
  }

  /**
   * Has the daemon die at the point, in what `ask` begins; resolves when another one has recovered. What `prepare` does may be of
   * the kinds that are used between two points, or of another than the point's.
   */
  async through(daemon: TestDaemon, at: FaultAt<K>, prepare: () => Promise<unknown>, ask: () => Promise<unknown>): Promise<void> {
    const others = this.#armed !== null && this.#armed !== at.point;
    if (others) await this.#again(daemon, undefined);
    await prepare();
    if (this.#armed === null) await this.#again(daemon, at);
    await ask().catch(() => {});
    await daemon.ended();
    const next = this.points[this.points.indexOf(at) + 1];
    await this.#launch(daemon, next && next.kind !== at.kind && !this.#usedBetween.includes(next.kind) ? next : undefined);
  }

  async #again(daemon: TestDaemon, armed: FaultAt<K> | undefined): Promise<void> {
    await daemon.kill();
    await this.#launch(daemon, armed);
  }

  async #launch(daemon: TestDaemon, next: FaultAt<K> | undefined): Promise<void> {
    this.#armed = next?.point ?? null;
    await daemon.launch(next ? { LXCTL_FAULT: next.point } : {});
  }
}
