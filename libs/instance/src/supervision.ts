import type { EndRecord, FileRoom, Keeper, KeeperInfo, Keepers, LaunchPlan, RoomPlan } from '#lib/host';

/** Told of what instances do by themselves. */
export interface Watcher {
  /** Nobody asked for this end: the guest powered off, or its init died. Not called for `expectEnd`ed ones. */
  ended(id: string, record: EndRecord): void;
  rebooted(id: string, info: KeeperInfo): void;
}

/**
 * The keepers of this server's running instances, by instance id. The keeper's presence here is what "running" means;
 * rows only say what was last wanted.
 */
export class Supervision {
  readonly #keepers: Keepers;
  readonly #running = new Map<string, Keeper>();
  /** How many wait for the end of an instance. */
  readonly #expected = new Map<string, number>();
  #watcher: Watcher | null = null;

  constructor(keepers: Keepers) {
    this.#keepers = keepers;
  }

  watch(watcher: Watcher): void {
    this.#watcher = watcher;
  }

  /** Connects to what an earlier daemon left running, and ends what it left open. */
  async adopt(): Promise<void> {
    await this.#keepers.prepare();
    await this.#keepers.endRooms();
    for (const keeper of await this.#keepers.survivors()) this.#hold(keeper);
  }

  get(id: string): Keeper | null {
    return this.#running.get(id) ?? null;
  }

  ids(): string[] {
    return [...this.#running.keys()];
  }

  async launch(plan: LaunchPlan): Promise<Keeper> {
    const keeper = await this.#keepers.launch(plan);
    this.#hold(keeper);
    return keeper;
  }

  /** For the files of an instance that does not run. */
  openRoom(plan: RoomPlan): Promise<FileRoom> {
    return this.#keepers.openRoom(plan);
  }

  /** The end that comes is wanted: the watcher is not told. Undone by calling the function it returns. */
  expectEnd(id: string): () => void {
    this.#expected.set(id, (this.#expected.get(id) ?? 0) + 1);
    let counted = true;
    return () => {
      if (!counted) return;
      counted = false;
      const others = (this.#expected.get(id) ?? 1) - 1;
      if (others > 0) this.#expected.set(id, others);
      else this.#expected.delete(id);
    };
  }

  /** Ends the instance now, if it runs. Resolves when nothing of it is left on the host. */
  async kill(id: string): Promise<void> {
    const keeper = this.get(id);
    if (!keeper) return;
    const forget = this.expectEnd(id);
    try {
      const settled = this.settled(id);
      await keeper.kill();
      await settled;
    } finally {
      forget();
    }
  }

  /** Resolves once an expected end of `id` has been taken note of here, and its record is gone. */
  async settled(id: string): Promise<EndRecord | null> {
    const keeper = this.get(id);
    if (!keeper) return null;
    const record = await keeper.ended;
    if (this.#running.get(id) === keeper) this.#running.delete(id);
    await this.forgetEnd(id);
    return record;
  }

  endRecords(): Promise<EndRecord[]> {
    return this.#keepers.endRecords();
  }

  forgetEnd(id: string): Promise<void> {
    return this.#keepers.forgetEndRecord(id);
  }

  /** Lets go of all connections; the instances go on. */
  release(): void {
    for (const keeper of this.#running.values()) keeper.close();
    this.#running.clear();
    this.#keepers.release();
  }

  retire(): Promise<void> {
    return this.#keepers.retire();
  }

  #hold(keeper: Keeper): void {
    const { id } = keeper.info;
    if (this.#running.get(id) === keeper) return;
    this.#running.set(id, keeper);
    keeper.onReboot = (info) => this.#watcher?.rebooted(id, info);
    void keeper.ended.then((record) => {
      if (this.#running.get(id) === keeper) this.#running.delete(id);
      if (!this.#expected.has(id)) this.#watcher?.ended(id, record);
    });
  }
}
