import { isLxError } from '#lib/contract';
import { succeeded } from '#lib/engine';
import type { BackupRow, Store } from '#lib/store';
import type { BackupDelete } from '../verbs/backup-delete.ts';

interface Using {
  store: Store;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** Deletes backups whose time is over. */
export class ExpiredBackups {
  readonly #delete: BackupDelete;
  readonly #using: Using;

  constructor(del: BackupDelete, using: Using) {
    this.#delete = del;
    this.#using = using;
  }

  /** Those of an instance that something else is done with wait for the next one. `signal`: no further one is begun. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { store, now, report } = this.#using;
    for (const backup of await store.backups.expired(now())) {
      if (signal.aborted) return;
      await this.#remove(backup).catch((error: unknown) => {
        if (!isLxError(error, 'instance.busy')) report(`deleting the expired backup ${backup.name}`, error);
      });
    }
  }

  async #remove(backup: BackupRow): Promise<void> {
    const row = await this.#using.store.instances.byId(backup.instanceId);
    if (row) await succeeded(await this.#delete.begin(row, backup));
  }
}
