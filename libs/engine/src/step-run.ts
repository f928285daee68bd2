import type { JsonObject } from '#lib/base';
import { storableJson, storableText } from '#lib/base';
import { isDatabaseFailure, isLxError, LxError, status, withoutRoom } from '#lib/contract';
import type { JournalEntry, OperationRow, Store } from '#lib/store';
import type { Faults } from './faults.ts';
import { type OperationSpec, type Step, type StepContext, stepsFor } from './operation-spec.ts';
import type { Report } from './problem.ts';
import { asError, messageOf } from './problem.ts';
import type { RunningOperation } from './running-operation.ts';
import { untilWritten } from './until-written.ts';

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

/** How an operation ended: what the client sees, or 'left' to the next daemon. Only what is written is an ending. */
export type Ending = { status: 'success' | 'failure' | 'cancelled'; error: string; failure: Error | null; at: Date } | 'left';

/**
 * Runs the steps of one operation and journals them.
 *
 * INVARIANTS: a step's begin is journaled before its `do` (the first with the operation's row, each further one with the
 * end of the step before it), its end together with its `commit` in one transaction, the last end together with the
 * final status. So n steps cost n + 1 commits, less one for each that is joined with the next, and for a first one that is
 * rows only. The row is final only when nothing is left to undo. A write of the journal that fails is repeated until it is done or the daemon halts; what a step's `commit` refuses by itself fails the step.
 */
export class StepRun<P extends JsonObject, S extends JsonObject> {
  readonly #steps: readonly Step<P, S>[];
  readonly #begun: string[];
  readonly #finished: string[];
  #revision: number;
  readonly #context: StepContext<P, S>;

  constructor(
    readonly deps: StepRunDeps,
    readonly spec: OperationSpec<P, S>,
    readonly operation: RunningOperation,
    row: OperationRow,
  ) {
    this.#steps = stepsFor(spec, row.params as P);
    this.#begun = [...row.begun];
    this.#finished = [...row.finished];
    this.#revision = row.revision;
    this.#context = {
      operationId: row.id,
      project: row.project,
      params: row.params as P,
      state: row.state as Partial<S>,
      createdAt: row.createdAt,
      signal: operation.abort.signal,
      progress: (metadata) => operation.progress(metadata, deps.now()),
    };
  }

  /** Whether `open` writes the first step too. */
  get opensWithStep(): boolean {
    const [first] = this.#steps;
    return !!first?.rowsOnly?.(this.#context.params) && !this.deps.faults.mustFail(this.spec.kind, first.name);
  }

  /**
   * Writes the operation's row, and with it the first step where that is rows only. Rejects with what failed: nothing is
   * written then, unless it is the database that failed: then nobody knows.
   */
  async open(row: OperationRow): Promise<void> {
    const { store, faults } = this.deps;
    const [first, next] = this.#steps;
    if (!first || !this.opensWithStep) return store.operations.insert(row);
    await faults.reach(this.spec.kind, first.name, 'before');
    await first.do(this.#context);
    await faults.reach(this.spec.kind, first.name, 'during');
    const begun = next ? [first.name, ...this.#beginning(next)] : [first.name];
    const statusCode = next ? status.running.code : status.success.code;
    const opened = { ...row, statusCode, begun, finished: [first.name], state: this.#context.state as JsonObject };
    await store.tx(async (inside) => {
      // On their way together; of two failures the first is the cause.
      const [inserted, committed] = await Promise.allSettled([inside.operations.insert(opened), first.commit?.(this.#context, inside)]);
      for (const written of [inserted, committed]) if (written.status === 'rejected') throw written.reason;
    });
    this.#begun.splice(0, Infinity, ...begun);
    this.#finished.push(first.name);
    await faults.reach(this.spec.kind, first.name, 'after');
  }

  /** From the first step that is not finished to the end, or back. Never rejects. */
  async forward(): Promise<Ending> {
    let at = this.deps.now();
    try {
      for (const step of this.#steps.slice(this.#finished.length)) {
        await this.deps.faults.reach(this.spec.kind, step.name, 'before');
        this.#stopWhenAborted();
        if (step.irrevocable) this.operation.mayCancel = false;
        await step.do(this.#context);
        if (this.deps.faults.mustFail(this.spec.kind, step.name)) throw new Error(`failure injected at ${step.name}`);
        this.#stopWhenAborted();
        await this.deps.faults.reach(this.spec.kind, step.name, 'during');
        at = this.deps.now();
        if (!(await this.#journalEnd(step, at))) return 'left';
        await this.deps.faults.reach(this.spec.kind, step.name, 'after');
      }
      return { status: 'success', error: '', failure: null, at };
    } catch (error) {
      if (this.deps.stopping.aborted && !this.operation.cancelled && this.spec.onCrash === 'resume') return 'left';
      return this.backward(this.#causeOf(error));
    }
  }

  /** Steps that are aborted throw all sorts of things; at shutdown the client is told why. */
  #causeOf(error: unknown): unknown {
    const { abort, cancelled } = this.operation;
    return abort.signal.aborted && !cancelled ? new LxError('server.stopping', undefined, { cause: error }) : withoutRoom(error);
  }

  /** Undoes every begun step, latest first, and journals the failure. */
  async backward(cause: unknown): Promise<Ending> {
    const { cancelled } = this.operation;
    const error = cancelled ? '' : messageOf(cause);
    const steps = this.#toUndo();
    // A kind that resumes after a crash has to know then that it is on its way back.
    if (this.spec.onCrash === 'resume' && steps.length > 0) {
      const statusCode = cancelled ? status.cancelling.code : status.running.code;
      if (!(await this.#journal({ error, statusCode }))) return 'left';
    }
    for (const step of steps) {
      if (!(await this.#undo(step))) return 'left';
      await this.deps.faults.reach(this.spec.kind, step.name, 'undo');
    }
    const ending = cancelled ? 'cancelled' : 'failure';
    const at = this.deps.now();
    if (!(await this.#journal({ error, statusCode: status[ending].code, updatedAt: at }))) return 'left';
    return { status: ending, error, failure: cancelled ? null : asError(cause), at };
  }

  #stopWhenAborted(): void {
    this.operation.abort.signal.throwIfAborted();
  }

  /** false when the daemon halts before it is written; rejects with what the step's `commit` refuses. */
  async #journalEnd(step: Step<P, S>, updatedAt: Date): Promise<boolean> {
    const next = this.#steps[this.#finished.length + 1];
    const finished = [...this.#finished, step.name];
    if (step.joined && next && this.#begun.includes(next.name)) {
      this.#finished.push(step.name);
      return true;
    }
    const begun = next ? [...this.#begun, ...this.#beginning(next)] : this.#begun;
    const entry = this.#entry({ begun, finished, updatedAt, statusCode: next ? status.running.code : status.success.code });
    let refused = false;
    const inside = async (store: Store) => {
      // The row first: a transaction whose outcome nobody knows may still be under way in a server that hangs. It holds the
      // row then, and when it took effect there is nothing left to do: what was sent behind it is rolled back.
      const advancing = store.operations.advance(this.operation.id, entry);
      const [advanced, committed] = await Promise.allSettled([advancing, step.commit?.(this.#context, store)]);
      if (advanced.status === 'rejected') throw advanced.reason;
      if (!advanced.value) throw new WrittenBefore();
      if (committed.status === 'fulfilled') return;
      refused ||= !isDatabaseFailure(committed.reason);
      throw committed.reason;
    };
    const write = (store: Store) => (step.commit ? store.tx(inside) : inside(store));
    const once = () =>
      write(this.deps.store).catch((error: unknown) => {
        if (!(error instanceof WrittenBefore)) throw error;
      });
    const isRefusal = (error: unknown) => refused || isUnstorable(error);
    const written = await this.#persist(once, 'journal', isRefusal);
    if (!written) return false;
    this.#revision = entry.revision;
    this.#finished.push(step.name);
    this.#begun.push(...begun.slice(this.#begun.length));
    return true;
  }

  /** The steps that begin for the journal when this one does. */
  #beginning(step: Step<P, S>): string[] {
    const after = this.#steps[this.#steps.indexOf(step) + 1];
    return step.joined && after ? [step.name, ...this.#beginning(after)] : [step.name];
  }

  async #journal(change: Partial<JournalEntry>): Promise<boolean> {
    const whole = this.#entry(change);
    const entry = { ...whole, state: storableJson(whole.state) };
    const write = async () => void (await this.deps.store.operations.advance(this.operation.id, entry));
    const written = await this.#persist(write, 'journal', () => false);
    if (written) this.#revision = entry.revision;
    return written;
  }

  /** What the row says from now on. Texts for the client are made such that they can always be written. */
  #entry(change: Partial<JournalEntry>): JournalEntry {
    const { metadata } = this.operation;
    return {
      statusCode: status.running.code,
      begun: this.#begun,
      finished: this.#finished,
      updatedAt: this.deps.now(),
      ...change,
      revision: this.#revision + 1,
      state: this.#context.state as JsonObject,
      error: storableText(change.error ?? ''),
      metadata: metadata && storableJson(metadata),
    };
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
      return await this.#persist(
        async () => step.undo?.(context),
        `undo of step "${step.name}"`,
        (error) => !isDatabaseFailure(error),
      );
    } catch (error) {
      this.#report(`undo of step "${step.name}" of ${this.spec.kind}`, error);
      return true;
    }
  }

  #persist(work: () => Promise<void>, what: string, isRefusal: (error: unknown) => boolean): Promise<boolean> {
    const report = (error: unknown) => this.#report(`${what} of ${this.spec.kind} waits for the database`, error);
    return untilWritten(work, { halted: this.deps.halted, report, isRefusal });
  }

  #report(what: string, error: unknown): void {
    this.deps.report({ what, operationId: this.operation.id, error });
  }
}

/** An attempt at the write that seemed to fail has taken effect. */
class WrittenBefore extends Error {}

/** The store refuses what a step gathered, because the database cannot hold it: repeating that does not help. */
function isUnstorable(error: unknown): boolean {
  return isLxError(error, 'request.invalid');
}
