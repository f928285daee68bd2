import type { OperationKind } from '#lib/contract';
import { LxError } from '#lib/contract';

/** Names that one operation at a time may hold. Nobody waits: who comes second is refused at once. */
export class Locks {
  readonly #holders = new Map<string, OperationKind>();

  /** All or none. Returns the release. LxError 'instance.busy' names what the holder does ('start' for instance.start). */
  take(names: readonly string[], kind: OperationKind): () => void {
    for (const name of names) {
      const holder = this.#holders.get(name);
      if (holder) throw new LxError('instance.busy', { action: holder.slice(holder.indexOf('.') + 1) });
    }
    for (const name of names) this.#holders.set(name, kind);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const name of names) this.#holders.delete(name);
    };
  }
}
