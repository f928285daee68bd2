import { isLxError } from '#lib/contract';
import type { InstanceRow, Store } from '#lib/store';
import type { Turns } from '../act/turns.ts';
import type { Supervision } from '../supervision.ts';
import type { Delete } from './delete.ts';

interface Using {
  store: Store;
  supervision: Supervision;
  report: (message: string, cause: unknown) => void;
}

/** Deletes ephemeral instances that have ended by themselves. */
export class Discard {
  readonly #turns: Turns;
  readonly #delete: Delete;
  readonly #using: Using;

  constructor(turns: Turns, del: Delete, using: Using) {
    this.#turns = turns;
    this.#delete = del;
    this.#using = using;
  }

  /** Resolves when it is gone, or runs again, or could not be deleted, which is reported. */
  async run({ id, name }: Pick<InstanceRow, 'id' | 'name'>): Promise<void> {
    const { store, supervision, report } = this.#using;
    try {
      for (;;) {
        await this.#turns.free(id);
        const row = await store.instances.byId(id);
        if (!row?.ephemeral || supervision.get(id)) return;
        const begun = await this.#delete.begin(row).catch((error: unknown) => {
          // Somebody was quicker.
          if (isLxError(error, 'instance.busy') && this.#turns.running(id)) return null;
          throw error;
        });
        const view = await begun?.done;
        if (view && view.status_code >= 400) throw new Error(view.err);
        if (view) return;
      }
    } catch (error) {
      report(`deleting the ephemeral instance ${name}`, error);
    }
  }
}
