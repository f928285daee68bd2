import { isLxError } from '#lib/contract';
import { type Operation, succeeded } from '../engine.ts';
import type { Sweep, SweepUsing } from './sweeps.ts';

/** One kind of what there is for a time. */
export interface Passing<R> {
  /** For people: `snapshot`. */
  word: string;
  /** Those whose time is over. */
  expired(by: Date): Promise<R[]>;
  /** null: it is gone, or what it is of. */
  delete(row: R): Promise<Operation | null>;
}

/** Something else is done with what an operation would be about. */
export function isBusy(error: unknown): boolean {
  return isLxError(error, 'instance.busy') || isLxError(error, 'volume.busy');
}

/** Deletes what its time is over for. */
export class Expired<R extends { name: string }> implements Sweep {
  readonly #kind: Passing<R>;
  readonly #using: SweepUsing;

  constructor(kind: Passing<R>, using: SweepUsing) {
    this.#kind = kind;
    this.#using = using;
  }

  /** Those of what something else is done with wait for the next one. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { now, report } = this.#using;
    for (const each of await this.#kind.expired(now())) {
      if (signal.aborted) return;
      await this.#remove(each).catch((error: unknown) => {
        if (!isBusy(error)) report(`deleting the expired ${this.#kind.word} ${each.name}`, error);
      });
    }
  }

  async #remove(row: R): Promise<void> {
    const operation = await this.#kind.delete(row);
    if (operation) await succeeded(operation);
  }
}
