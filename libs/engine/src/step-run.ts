import type { JsonObject } from '#lib/base';
import { delay } from '#lib/base';
import { isLxError, LxError, status } from '#lib/contract';
import type { OperationRow, Store } from '#lib/store';
import type { Faults } from './faults.ts';
import type { OperationSpec, Step, StepContext } from './operation-spec.ts';
import type { Report } from './problem.ts';
import { messageOf } from './problem.ts';
import type { RunningOperation } from './running-operation.ts';

export interface StepRunDeps {
  store: Store;
  faults: Faults;
  report: Report;
  now: () => Date;
  /** The daemon winds down: operations that resume are left to the next one. */
  stopping: AbortSignal;
  /** The daemon ends now: nothing more is waited for. */
  halted: AbortSignal;
}

/** How an operation ended: what the client sees, or 'left' to the next daemon. */
export type Ending = { status: 'success' | 'failure' | 'cancelled'; error: string; at: Date } | 'left';

const databasePauseMs = 100;

/**
 * Runs the steps of one operation and journals them.
 *
 * INVARIANTS: a step's begin is journaled before its `do` (the first with the operation's row, each further one with the
 * end of the step before it), its end together with its `commit` in one transaction, the last end together with the
 * final status. So n steps cost n + 1 commits. The row is final only when nothing is left to undo.
 */
export class StepRun<P extends JsonObject, S extends JsonObject> {
  readonly #begun: string[];
  readonly #finished: string[];
  readonly #context: StepContext<P, S>;

  constructor(
    readonly deps: StepRunDeps,
    readonly spec: OperationSpec<P, S>,
    readonly operation: RunningOperation,
    row: OperationRow,
  ) {
    this.#begun = [...row.begun];
    this.#finished = [...row.finished];
    this.#context = {
      operationId: row.id,
      project: row.project,
      params: row.params as P,
      state: row.state as Partial<S>,
      signal: operation.abort.signal,
      progress: (metadata) => operation.progress(metadata, deps.now()),
    };
  }

  /** From the first step that is not finished to the end, or back. Never rejects. */
  async forward(): Promise<Ending> {
    let at = this.deps.now();
    try {
      for (const step of this.spec.steps.slice(this.#finished.length)) {
        await this.deps.faults.reach(this.spec.kind, step.name, 'before');
        this.#stopWhenAborted();
        await step.do(this.#context);
        if (this.deps.faults.mustFail(this.spec.kind, step.name)) throw new Error(`failure injected at ${step.name}`);
        this.#stopWhenAborted();
        await this.deps.faults.reach(this.spec.kind, step.name, 'during');
        at = await this.#journalEnd(step);
        await this.deps.faults.reach(this.spec.kind, step.name, 'after');
      }
      return { status: 'success', error: '', at };
    } catch (error) {
      if (this.deps.stopping.aborted && !this.operation.cancelled && this.spec.onCrash === 'resume') return 'left';
      return this.backward(this.#causeOf(error));
    }
  }

  /** Steps that are aborted throw all sorts of things; at shutdown the client is told why. */
  #causeOf(error: unknown): unknown {
    const { abort, cancelled } = this.operation;
    return abort.signal.aborted && !cancelled ? new LxError('server.stopping', undefined, { cause: error }) : error;
  }

  /** Undoes every begun step, latest first, and journals the failure. */
  async backward(cause: unknown): Promise<Ending> {
    const { cancelled } = this.operation;
    const error = cancelled ? '' : messageOf(cause);
    const steps = this.#toUndo();
    // A kind that resumes after a crash has to know then that it is on its way back.
    const marked = this.spec.onCrash === 'unwind' || steps.length === 0 || (await this.#persist(() => this.#journalRetreat(error)));
    if (!marked) return 'left';
    for (const step of steps) {
      if (!(await this.#undo(step))) return 'left';
      await this.deps.faults.reach(this.spec.kind, step.name, 'undo');
    }
    const at = this.deps.now();
    const ending = cancelled ? 'cancelled' : 'failure';
    const change = { statusCode: status[ending].code, error, metadata: this.operation.metadata, updatedAt: at };
    const journaled = await this.#persist(() => this.deps.store.operations.update(this.operation.id, change));
    return journaled ? { status: ending, error, at } : 'left';
  }

  #stopWhenAborted(): void {
    this.operation.abort.signal.throwIfAborted();
  }

  async #journalEnd(step: Step<P, S>): Promise<Date> {
    const { store } = this.deps;
    const finished = [...this.#finished, step.name];
    const next = this.spec.steps[finished.length];
    const begun = next ? [...this.#begun, next.name] : this.#begun;
    const updatedAt = this.deps.now();
    const journal = (inside: Store) =>
      inside.operations.update(this.operation.id, {
        begun,
        finished,
        state: this.#context.state as JsonObject,
        metadata: this.operation.metadata,
        updatedAt,
        ...(next ? {} : { statusCode: status.success.code }),
      });
    if (!step.commit) await journal(store);
    else {
      const commit = step.commit.bind(step);
      await this.#once(step.name, () =>
        store.tx(async (inside) => {
          await commit(this.#context, inside);
          await journal(inside);
        }),
      );
    }
    this.#finished.push(step.name);
    if (next) this.#begun.push(next.name);
    return updatedAt;
  }

  /** A transaction whose outcome nobody knows: the journal it writes tells. When it has no trace, it did not happen. */
  async #once(step: string, transaction: () => Promise<void>): Promise<void> {
    try {
      await transaction();
    } catch (error) {
      if (!isLxError(error, 'database.unavailable')) throw error;
      const row = await this.deps.store.operations.get(this.operation.id);
      if (!row?.finished.includes(step)) await transaction();
    }
  }

  async #journalRetreat(error: string): Promise<void> {
    const statusCode = this.operation.cancelled ? status.cancelling.code : status.running.code;
    await this.deps.store.operations.update(this.operation.id, { error, statusCode, updatedAt: this.deps.now() });
  }

  #toUndo(): Step<P, S>[] {
    const known = new Map(this.spec.steps.map((step) => [step.name, step]));
    return this.#begun.toReversed().flatMap((name) => {
      const step = known.get(name);
      if (!step) this.#report(`step "${name}" of ${this.spec.kind} is not known (any more) and was not undone`, null);
      return step?.undo ? [step] : [];
    });
  }

  /** false when the daemon ends before it could be done. What an undo throws is reported; the others still run. */
  async #undo(step: Step<P, S>): Promise<boolean> {
    const context = { ...this.#context, signal: this.deps.halted };
    try {
      return await this.#persist(async () => step.undo?.(context));
    } catch (error) {
      this.#report(`undo of step "${step.name}" of ${this.spec.kind}`, error);
      return true;
    }
  }

  /** Repeats what fails only because the database is away: an operation is over when that is written down, not before. */
  async #persist(work: () => Promise<void>): Promise<boolean> {
    while (!this.deps.halted.aborted) {
      try {
        await work();
        return true;
      } catch (error) {
        if (!isLxError(error, 'database.unavailable')) throw error;
        await delay(databasePauseMs, this.deps.halted);
      }
    }
    return false;
  }

  #report(what: string, error: unknown): void {
    this.deps.report({ what, operationId: this.operation.id, error });
  }
}
