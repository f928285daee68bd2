import { isLxError } from '#lib/contract';
import { type Operation, succeeded } from '#lib/engine';
import type { InstanceRow, Store } from '#lib/store';

interface Using {
  store: Store;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** One kind of what instances have for a time. */
export interface Passing<R> {
  /** For people: `snapshot`. */
  word: string;
  /** Those whose time is over. */
  expired(by: Date): Promise<R[]>;
  delete: { begin(instance: InstanceRow, row: R): Promise<Operation> };
}

/** Deletes what its time is over for. */
export class Expired<R extends { name: string; instanceId: string }> {
  readonly #kind: Passing<R>;
  readonly #using: Using;

  constructor(kind: Passing<R>, using: Using) {
    this.#kind = kind;
    this.#using = using;
  }

  /** Those of an instance that something else is done with wait for the next one. `signal`: no further one is begun. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { now, report } = this.#using;
    for (const each of await this.#kind.expired(now())) {
      if (signal.aborted) return;
      await this.#remove(each).catch((error: unknown) => {
        if (!isLxError(error, 'instance.busy')) report(`deleting the expired ${this.#kind.word} ${each.name}`, error);
      });
    }
  }

  async #remove(row: R): Promise<void> {
    const instance = await this.#using.store.instances.byId(row.instanceId);
    if (instance) await succeeded(await this.#kind.delete.begin(instance, row));
  }
}
