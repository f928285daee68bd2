import { isLxError } from '#lib/contract';
import { succeeded } from '#lib/engine';
import type { SnapshotRow, Store } from '#lib/store';
import type { SnapshotDelete } from '../verbs/snapshot-delete.ts';

interface Using {
  store: Store;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** Deletes snapshots whose time is over. */
export class ExpiredSnapshots {
  readonly #delete: SnapshotDelete;
  readonly #using: Using;

  constructor(del: SnapshotDelete, using: Using) {
    this.#delete = del;
    this.#using = using;
  }

  /** Those of an instance that something else is done with wait for the next one. `signal`: no further one is begun. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { store, now, report } = this.#using;
    for (const snapshot of await store.snapshots.expired(now())) {
      if (signal.aborted) return;
      await this.#remove(snapshot).catch((error: unknown) => {
        if (!isLxError(error, 'instance.busy')) report(`deleting the expired snapshot ${snapshot.name}`, error);
      });
    }
  }

  async #remove(snapshot: SnapshotRow): Promise<void> {
    const row = await this.#using.store.instances.byId(snapshot.instanceId);
    if (!row) return;
    await succeeded(await this.#delete.begin(row, snapshot));
  }
}
