import { isLxError } from '#lib/contract';
import { succeeded } from '#lib/engine';
import type { SnapshotRow, Store } from '#lib/store';
import type { SnapshotDelete } from '../verbs/snapshot-delete.ts';

/** As often as LXD looks. */
const everyMs = 60_000;

interface Using {
  store: Store;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** Deletes snapshots whose time is over: when the daemon is up, and every minute. */
export class ExpiredSnapshots {
  readonly #delete: SnapshotDelete;
  readonly #using: Using;
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(del: SnapshotDelete, using: Using) {
    this.#delete = del;
    this.#using = using;
  }

  start(): void {
    this.#timer = setInterval(() => void this.sweep(), everyMs);
    this.#timer.unref();
    void this.sweep();
  }

  /** A sweep that is under way begins no further operation that an ending engine would take. */
  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Those of an instance that something else is done with wait for the next one. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => this.#using.report('looking for expired snapshots', error))
      .finally(() => {
        this.#sweeping = null;
      });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { store, now, report } = this.#using;
    for (const snapshot of await store.snapshots.expired(now()))
      await this.#remove(snapshot).catch((error: unknown) => {
        if (!isLxError(error, 'instance.busy')) report(`deleting the expired snapshot ${snapshot.name}`, error);
      });
  }

  async #remove(snapshot: SnapshotRow): Promise<void> {
    const row = await this.#using.store.instances.byId(snapshot.instanceId);
    if (!row) return;
    await succeeded(await this.#delete.begin(row, snapshot));
  }
}
