import type { Place, Places } from '../files/places.ts';

/** Paths of a host, in memory. */
export class FakePlaces implements Places {
  readonly places = new Map<string, Place>();
  /** Paths to the disks that hold them. */
  readonly disks = new Map<string, string>();

  add(path: string, kind: Place['kind'], change: Partial<Place> = {}): this {
    this.places.set(path, { kind, major: 0, minor: 0, linked: false, ...change });
    return this;
  }

  async look(path: string): Promise<Place | null> {
    return this.places.get(path) ?? null;
  }

  async disk(path: string): Promise<string | null> {
    return this.disks.get(path) ?? null;
  }

  async dropSocket(path: string): Promise<void> {
    this.places.delete(path);
  }
}
