import type { Awaited } from './device-type.ts';

/** Devices of running instances that wait for something of the host, or have it for as long as it is there. */
export class Waiting {
  /** By instance and device. */
  readonly #awaited = new Map<string, Map<string, Awaited>>();
  /** Called with an instance that has a new one. */
  onAdded: (id: string) => void = () => {};

  add(id: string, device: string, awaited: Awaited): void {
    const own = this.#awaited.get(id) ?? new Map<string, Awaited>();
    this.#awaited.set(id, own.set(device, awaited));
    this.onAdded(id);
  }

  /** Without a device: all of the instance. */
  remove(id: string, device?: string): void {
    const own = this.#awaited.get(id);
    if (!own || (device !== undefined && !own.delete(device))) return;
    if (device === undefined || own.size === 0) this.#awaited.delete(id);
  }

  /** Instances that have any. */
  ids(): string[] {
    return [...this.#awaited.keys()];
  }

  /** Paths of the host at which one may appear, each once. */
  paths(): string[] {
    return [...new Set([...this.#awaited.values()].flatMap((own) => [...own.values()].flatMap(({ paths }) => paths)))];
  }
}
