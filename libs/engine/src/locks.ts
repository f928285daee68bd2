import type { OperationKind } from '#lib/contract';
import { LxError } from '#lib/contract';

/** What the holder of some names has in hand. */
export interface Lease {
  /** Higher than that of every earlier lease on the same names: a holder that was taken for dead can be told by it. */
  readonly epoch: number;
  /** A second call does nothing. */
  release(): void;
}

/** Names that one operation at a time may hold. Nobody waits: who comes second is refused at once. */
export interface Locks {
  /** All or none. LxError 'instance.busy' names what the holder does ('start' for instance.start). */
  take(names: readonly string[], kind: OperationKind): Promise<Lease>;
}

/** For the one daemon that has the database: its memory is as good as the database's. */
export class MemoryLocks implements Locks {
  readonly #holders = new Map<string, OperationKind>();
  #epoch = 0;

  async take(names: readonly string[], kind: OperationKind): Promise<Lease> {
    for (const name of names) {
      const holder = this.#holders.get(name);
      if (holder) throw new LxError('instance.busy', { action: holder.slice(holder.indexOf('.') + 1) });
    }
    for (const name of names) this.#holders.set(name, kind);
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      for (const name of names) this.#holders.delete(name);
    };
    return { epoch: ++this.#epoch, release };
  }
}
