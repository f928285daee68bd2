/**
 * Undo steps collected while a piece of work goes on. Call `done()` when the work has succeeded; otherwise the
 * steps run in reverse order when the scope ends (`await using revert = new Revert()`).
 *
 * INVARIANT: every step runs, also when an earlier one throws; what they throw is collected, never swallowed.
 */
export class Revert implements AsyncDisposable {
  #steps: Array<() => unknown> = [];

  add(undo: () => unknown): void {
    this.#steps.push(undo);
  }

  /** The work succeeded: forget the undo steps. */
  done(): void {
    this.#steps = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const problems: unknown[] = [];
    for (const undo of this.#steps.reverse()) {
      try {
        await undo();
      } catch (error) {
        problems.push(error);
      }
    }
    this.#steps = [];
    if (problems.length > 0) throw new AggregateError(problems, 'undo failed');
  }
}
