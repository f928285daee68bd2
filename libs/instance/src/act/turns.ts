import type { Operation } from '#lib/engine';

interface Turn {
  /** null until the engine has accepted it. */
  operation: Operation | null;
  /** Resolves at its end; never rejects. */
  over: Promise<void>;
}

/**
 * Who acts on an instance. An operation has it alone by the engine's lock, and who comes second is refused. What the
 * instance did by itself is noted between operations: they wait for that, for it is over at once.
 *
 * INVARIANT: while the work of a `note` runs, no operation that came through `begin` does.
 */
export class Turns {
  readonly #turns = new Map<string, Set<Turn>>();
  readonly #notes = new Map<string, Promise<void>>();

  /** Starts an operation, after what is being noted of the instance. Rejects with what `start` rejects. */
  async begin(id: string, start: () => Promise<Operation>): Promise<Operation> {
    for (let note = this.#notes.get(id); note; note = this.#notes.get(id)) await note;
    const turn: Turn = { operation: null, over: Promise.resolve() };
    const turns = this.#turns.get(id) ?? new Set();
    this.#turns.set(id, turns.add(turn));
    const starting = start();
    turn.over = (async () => {
      try {
        turn.operation = await starting;
        await turn.operation.done;
      } catch {
        // Refused: `starting` tells the caller.
      } finally {
        turns.delete(turn);
        if (turns.size === 0 && this.#turns.get(id) === turns) this.#turns.delete(id);
      }
    })();
    return starting;
  }

  /** The operation that runs on the instance now. */
  running(id: string): Operation | null {
    for (const { operation } of this.#turns.get(id) ?? []) if (operation) return operation;
    return null;
  }

  /** Runs `work` when no operation does, the notes of one instance one after the other. Rejects with what `work` rejects. */
  note(id: string, work: () => Promise<void>): Promise<void> {
    const before = this.#notes.get(id);
    const noted = (async () => {
      await before;
      await this.free(id);
      await work();
    })();
    const over = noted
      .catch(() => {})
      .then(() => {
        if (this.#notes.get(id) === over) this.#notes.delete(id);
      });
    this.#notes.set(id, over);
    return noted;
  }

  /** Resolves when no operation runs on the instance. */
  async free(id: string): Promise<void> {
    for (let turns = this.#turns.get(id); turns; turns = this.#turns.get(id)) await Promise.all([...turns].map((turn) => turn.over));
  }

  /** Resolves when no operation runs on any instance. */
  async idle(): Promise<void> {
    for (const id of [...this.#turns.keys()]) await this.free(id);
  }
}
