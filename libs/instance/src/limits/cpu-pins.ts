/** CPUs that running instances are pinned to, by instance. An instance that wants a number of CPUs gets the least used ones. */
export class CpuPins {
  readonly #online: readonly number[];
  readonly #pins = new Map<string, readonly number[]>();

  constructor(online: readonly number[]) {
    this.#online = online;
  }

  /**
   * That many CPUs for the instance, ascending; all there are where it wants more. `before`: those it had, which it keeps
   * while it runs, and has a right to where others are no less used. Noted at once: who asks next is told of others.
   */
  choose(id: string, count: number, before: readonly number[]): readonly number[] {
    const wanted = Math.min(count, this.#online.length);
    const kept = before.filter((cpu) => this.#online.includes(cpu));
    if (this.#pins.has(id) && kept.length === wanted) return this.note(id, kept);
    this.#pins.delete(id);
    const load = this.#load();
    const rank = (cpu: number) => load(cpu) * 2 + (kept.includes(cpu) ? 0 : 1);
    const chosen = [...this.#online].sort((a, b) => rank(a) - rank(b) || a - b).slice(0, wanted);
    return this.note(
      id,
      chosen.sort((a, b) => a - b),
    );
  }

  note(id: string, cpus: readonly number[]): readonly number[] {
    this.#pins.set(id, cpus);
    return cpus;
  }

  forget(id: string): void {
    this.#pins.delete(id);
  }

  has(id: string): boolean {
    return this.#pins.has(id);
  }

  /** How many pinned instances a CPU serves. */
  #load(): (cpu: number) => number {
    const counts = new Map<number, number>();
    for (const cpus of this.#pins.values()) for (const cpu of cpus) counts.set(cpu, (counts.get(cpu) ?? 0) + 1);
    return (cpu) => counts.get(cpu) ?? 0;
  }
}
