import type { JsonObject } from '#lib/base';
import type { OperationKind } from '#lib/contract';
import type { Store } from '#lib/store';

/**
 * An operation is a table of steps. The engine journals each step before it begins and when it is done, runs the undo
 * of every begun step in reverse when one fails, and after a crash of the daemon unwinds or resumes what was under way.
 *
 * INVARIANTS for the steps: `do` and `undo` are idempotent and find all they need in `params` and `state` (both are
 * JSON and survive the daemon); `undo` copes with a `do` that stopped half way, and takes away only what bears ids of its
 * own operation: a name may be another's by then.
 */
export interface OperationSpec<P extends JsonObject, S extends JsonObject> {
  kind: OperationKind;
  /** After a crash: undo what was begun, or go on with the unfinished step. Deleting and stopping resume. */
  onCrash: 'unwind' | 'resume';
  steps: readonly Step<P, S>[];
  /** It gives room back: it is let through when the disk is full. */
  makesRoom?: boolean;
}

export interface Step<P, S> {
  name: string;
  /**
   * One commit less: the end of this step is journaled with that of the next one, which is journaled as begun together with
   * this one. Only in operations that unwind, for a step that is not the last and has no `commit`, when no undo needs what
   * its `do` puts into `state`.
   */
  joined?: true;
  /**
   * One commit less: for a first step whose `do`, with these params, makes nothing but `state`. Its end and its `commit` are
   * journaled together with the operation's own row; what it refuses is told to the caller of `start`, and nothing is written.
   */
  rowsOnly?(params: P): boolean;
  /** It gives up what was there before: from its begin on no client can cancel the operation. */
  irrevocable?: true;
  /** Whether an operation with these params has the step at all. */
  when?(params: P): boolean;
  do(context: StepContext<P, S>): Promise<void>;
  undo?(context: StepContext<P, S>): Promise<void>;
  /**
   * Writes of the step that must be true exactly when the step is: they join the transaction that journals it as
   * finished, and are on their way together with the journal's. `do` has run before. What it throws fails the step, unless it is the database that failed: then the
   * transaction is repeated until it is written. It may run several times, so it changes nothing but rows. Only `store`
   * may be used: a second connection, asked for while this one is held, waits for ever once as many operations commit as
   * there are connections.
   */
  commit?(context: StepContext<P, S>, store: Store): Promise<void>;
}

export interface StepContext<P, S> {
  readonly operationId: string;
  readonly project: string;
  readonly params: P;
  /** When the operation began. What is older, it has not made: its undo leaves that alone. */
  readonly createdAt: Date;
  /** Filled by earlier steps, journaled with them. */
  state: Partial<S>;
  /** Aborted by DELETE /1.0/operations/{id}, where the operation may be cancelled, and at shutdown. */
  readonly signal: AbortSignal;
  /** Merges keys into the operation's metadata and tells the listeners (`*_progress` keys are shown by clients). */
  progress(metadata: JsonObject): void;
}

/** The steps that an operation with these params has. */
export function stepsFor<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>, params: P): Step<P, S>[] {
  return spec.steps.filter((step) => step.when?.(params) ?? true);
}

export function defineOperation<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>): OperationSpec<P, S> {
  return spec;
}
