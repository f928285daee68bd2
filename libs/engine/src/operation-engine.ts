import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { JsonObject } from '#lib/base';
import { delay } from '#lib/base';
import type { OperationKind, WireOperation } from '#lib/contract';
import { isDatabaseFailure, LxError, status, urls } from '#lib/contract';
import { type JournalEntry, type OperationRow, RowConflict, type Store } from '#lib/store';
import type { Engine, LiveSpec, Operation, StartOptions } from './engine.ts';
import { EventLog } from './event-log.ts';
import { EventStream } from './event-stream.ts';
import type { Faults } from './faults.ts';
import { noFaults } from './faults.ts';
import { LiveRun } from './live-run.ts';
import type { Locks } from './locks.ts';
import { MemoryLocks } from './locks.ts';
import { type OperationSpec, stepsFor } from './operation-spec.ts';
import type { Report } from './problem.ts';
import { asError, messageOf } from './problem.ts';
import { Pruning } from './pruning.ts';
import { recoverAll } from './recovery.ts';
import type { OperationFacts } from './running-operation.ts';
import { RunningOperation } from './running-operation.ts';
import type { Ending } from './step-run.ts';
import { StepRun } from './step-run.ts';
import { untilWritten } from './until-written.ts';

export interface OperationEngineOptions {
  store: Store;
  /** Told of each operation that failed, which its client may never ask about: for the operator's log. */
  failed?: (operation: FailedOperation, view: WireOperation) => void;
  /** Told of what no caller hears: an undo that failed, events that could not be kept. */
  report: Report;
  now?: () => Date;
  /** Throws when the disk is full: before an operation begins that makes no room. */
  room?: () => void;
  /** In memory unless given: one daemon has the database. */
  locks?: Locks;
  /** `faultsFromEnvironment()` in the daemon. */
  faults?: Faults;
  /** How long aborted operations may take to unwind at shutdown; what is left then, the next daemon unwinds. 5 s unless given. */
  unwindWithinMs?: number;
}

export type FailedOperation = Pick<RunningOperation, 'id' | 'kind' | 'project' | 'requestor' | 'failure'>;

type AnySpec = OperationSpec<JsonObject, JsonObject>;

/** How long a finished operation can still be read and connected to: clients GET it after it ended. */
const readableForMs = 5000;
const unwindWithinMs = 5000;

/**
 * Runs operations.
 *
 * INVARIANTS: an operation is in `#operations` from its start until 5 s after its end. Its locks are free before its end
 * is told. Live operations never touch the store.
 */
export class OperationEngine implements Engine {
  readonly events: EventStream;
  readonly #store: Store;
  readonly #report: Report;
  readonly #now: () => Date;
  readonly #faults: Faults;
  readonly #failed: (operation: FailedOperation, view: WireOperation) => void;
  readonly #room: () => void;
  readonly #unwindWithinMs: number;
  readonly #log: EventLog;
  readonly #pruning: Pruning;
  readonly #locks: Locks;
  readonly #specs = new Map<string, AnySpec>();
  readonly #operations = new Map<string, RunningOperation>();
  readonly #live = new Map<string, LiveRun>();
  readonly #stopping = new AbortController();
  readonly #halted = new AbortController();

  constructor(options: OperationEngineOptions) {
    this.#store = options.store;
    this.#report = options.report;
    this.#now = options.now ?? (() => new Date());
    this.#locks = options.locks ?? new MemoryLocks();
    this.#faults = options.faults ?? noFaults;
    this.#failed = options.failed ?? (() => {});
    this.#room = options.room ?? (() => {});
    this.#unwindWithinMs = options.unwindWithinMs ?? unwindWithinMs;
    this.#log = new EventLog(options.store, options.report);
    this.events = new EventStream(this.#log, this.#now, options.report);
    this.#pruning = new Pruning(options.store, this.#now, options.report);
  }

  register<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>): void {
    const names = new Set(spec.steps.map((step) => step.name));
    if (names.size === 0 || names.size !== spec.steps.length) throw new TypeError(`${spec.kind}: steps need names, each its own`);
    const joinable = spec.onCrash === 'unwind' ? spec.steps.slice(1, -1) : [];
    for (const step of spec.steps)
      if (step.joined && (step.commit || !joinable.includes(step))) throw new TypeError(`${spec.kind}: ${step.name} cannot be joined`);
    for (const step of spec.steps.slice(1)) if (step.rowsOnly) throw new TypeError(`${spec.kind}: ${step.name} is not the first step`);
    if (this.#specs.has(spec.kind)) throw new TypeError(`${spec.kind} is registered already`);
    this.#specs.set(spec.kind, spec as unknown as AnySpec);
  }

  async start<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>, params: P, options: StartOptions): Promise<Operation> {
    if (!this.#specs.has(spec.kind)) throw new TypeError(`${spec.kind} is not registered: nobody could clean up after a crash`);
    this.#refuseWhenStopping();
    if (!spec.makesRoom) this.#room();
    const locks = options.locks ?? [];
    const lease = await this.#locks.take(locks, spec.kind);
    const release = () => lease.release();
    const operation = this.#make(factsOf(spec.kind, 'task', options, this.#now()));
    const row = firstRow(operation, stepsFor(spec, params)[0]?.name ?? '', params, locks);
    const run = new StepRun(this.#stepDeps(), spec, operation, row);
    try {
      await run.open(row);
    } catch (error) {
      // Nobody knows whether it was written: the next daemon must not take it for an operation that began.
      if (isDatabaseFailure(error))
        void this.#withdraw(row, () => (run.opensWithStep ? run.backward(error) : this.#writeOff(row))).then(release);
      else release();
      throw error;
    }
    this.#begin(operation);
    void this.#conclude(operation, run.forward(), release);
    return operation;
  }

  async startLive(spec: LiveSpec, options: StartOptions): Promise<Operation> {
    this.#refuseWhenStopping();
    const lease = await this.#locks.take(options.locks ?? [], spec.kind);
    const release = () => lease.release();
    const live = new LiveRun(spec);
    const operation = this.#make(factsOf(spec.kind, spec.class, options, this.#now()));
    if (spec.sockets.length > 0) operation.metadata = { ...operation.metadata, fds: live.fds };
    this.#live.set(operation.id, live);
    this.#begin(operation);
    void this.#conclude(operation, this.#runLive(live, operation), release);
    return operation;
  }

  get(id: string): Operation | null {
    return this.#operations.get(id) ?? null;
  }

  list(project: string | null): Operation[] {
    return [...this.#operations.values()].filter((operation) => project === null || operation.project === project);
  }

  async cancel(id: string): Promise<void> {
    const operation = this.#find(id);
    if (!operation.mayCancel || operation.isOver) throw new LxError('operation.not_cancellable');
    if (operation.cancelled) return;
    operation.cancelled = true;
    operation.become('cancelling', this.#now());
    operation.abort.abort();
    const { requestor } = operation.facts;
    this.events.lifecycle(operation.project, {
      action: 'operation-cancelled',
      source: urls.operation(id),
      ...(requestor ? { requestor } : {}),
    });
  }

  async wait(id: string, timeoutMs = -1): Promise<WireOperation> {
    const operation = this.#find(id);
    if (timeoutMs < 0) return operation.done;
    const enough = new AbortController();
    await Promise.race([operation.done, delay(timeoutMs, enough.signal)]);
    enough.abort();
    return operation.view();
  }

  accepts(id: string, secret: string): boolean {
    return this.#live.get(id)?.accepts(secret) ?? false;
  }

  connect(id: string, secret: string, socket: WebSocket): void {
    socket.on('error', () => {}); // see LiveRun.connect
    const live = this.#live.get(id);
    if (!live) throw new LxError('operation.bad_secret');
    live.connect(secret, socket);
  }

  async recover(): Promise<void> {
    await recoverAll(this.#store.operations, (row, overtaken) => (overtaken ? this.#giveUp(row) : this.#recoverOne(row)));
    await this.#pruning.start();
  }

  async shutdown(timeoutMs: number): Promise<readonly Operation[]> {
    this.#stopping.abort();
    this.#pruning.stop();
    // A session lasts as long as its client likes, and no next daemon can take it up: nothing is won by waiting.
    for (const operation of this.#operations.values()) if (operation.facts.class === 'websocket') operation.abort.abort();
    await this.#quiet(timeoutMs);
    for (const operation of this.#operations.values()) operation.abort.abort();
    await this.#quiet(this.#unwindWithinMs);
    const left = [...this.#operations.values()].filter((operation) => !operation.isOver);
    this.#halted.abort();
    await this.#log.close();
    return left;
  }

  /** Resolves when no operation runs, or after so long. */
  async #quiet(timeoutMs: number): Promise<void> {
    const running = [...this.#operations.values()].filter((operation) => !operation.isOver);
    const enough = new AbortController();
    await Promise.race([Promise.all(running.map((operation) => operation.done)), delay(timeoutMs, enough.signal)]);
    enough.abort();
  }

  async #recoverOne(row: OperationRow): Promise<void> {
    const spec = this.#specs.get(row.kind);
    if (!spec) {
      this.#report({ what: `${row.kind} is not known: what it left cannot be undone`, operationId: row.id, error: null });
      await this.#writeOff(row);
      return;
    }
    const interrupted = new LxError('operation.interrupted');
    const operation = this.#make(factsOfRow(row, spec.kind));
    operation.cancelled = row.statusCode === status.cancelling.code;
    const retreating = operation.cancelled || row.error !== '';
    const run = new StepRun(this.#stepDeps(), spec, operation, row);
    this.#begin(operation);
    const cause = row.error === '' ? interrupted : new Error(row.error);
    await this.#conclude(
      operation,
      spec.onCrash === 'resume' && !retreating && isPrefix(row, spec) ? run.forward() : run.backward(cause),
      () => {},
    );
  }

  /** A later operation held the same names and succeeded: what it left is not to be touched by an older one. */
  async #giveUp(row: OperationRow): Promise<void> {
    this.#report({ what: `${row.kind} was left unfinished, and a later operation came after it`, operationId: row.id, error: null });
    await this.#writeOff(row);
  }

  /**
   * Makes sure that the row says that the operation is over. Where it is there after all, its first step may have been
   * written with it, and is undone; where it is not, it cannot come any more.
   */
  async #withdraw(row: OperationRow, undo: () => Promise<unknown>): Promise<void> {
    const over = { ...row, ...writtenOff(row, this.#now()) };
    const write = async () => {
      try {
        await this.#store.operations.insert(over);
      } catch (error) {
        if (!(error instanceof RowConflict)) throw error;
        await undo();
      }
    };
    await this.#untilWritten(row, write);
  }

  #writeOff(row: OperationRow): Promise<boolean> {
    return this.#untilWritten(row, async () => void (await this.#store.operations.advance(row.id, writtenOff(row, this.#now()))));
  }

  #untilWritten(row: OperationRow, write: () => Promise<void>): Promise<boolean> {
    const what = `journal of ${row.kind} waits for the database`;
    const report = (error: unknown) => this.#report({ what, operationId: row.id, error });
    return untilWritten(write, { halted: this.#halted.signal, report, isRefusal: () => false });
  }

  #stepDeps() {
    return {
      store: this.#store,
      faults: this.#faults,
      report: this.#report,
      now: this.#now,
      stopping: this.#stopping.signal,
      halted: this.#halted.signal,
    };
  }

  #make(facts: OperationFacts): RunningOperation {
    return new RunningOperation(facts, (operation) => this.events.operation(operation.project, operation.view()));
  }

  #begin(operation: RunningOperation): void {
    this.#operations.set(operation.id, operation);
    if (!operation.cancelled) {
      operation.become('pending', operation.facts.createdAt);
      operation.become('running', operation.facts.createdAt);
    }
  }

  async #runLive(live: LiveRun, operation: RunningOperation): Promise<Ending> {
    try {
      await this.#faults.reach(operation.kind, 'run', 'before');
      const result = await live.run(operation, this.#now);
      await this.#faults.reach(operation.kind, 'run', 'after');
      if (Object.keys(result).length > 0) operation.metadata = { ...operation.metadata, ...result };
      return { status: operation.cancelled ? 'cancelled' : 'success', error: '', failure: null, at: this.#now() };
    } catch (error) {
      if (operation.cancelled) return { status: 'cancelled', error: '', failure: null, at: this.#now() };
      return { status: 'failure', error: messageOf(error), failure: asError(error), at: this.#now() };
    }
  }

  /** Takes an ended operation off the books; never rejects. */
  async #conclude(operation: RunningOperation, running: Promise<Ending>, release: () => void): Promise<void> {
    const ending = await running;
    release();
    if (ending === 'left') operation.leave();
    else operation.finish(ending);
    if (operation.failure) this.#failed(operation, operation.view());
    setTimeout(() => {
      this.#operations.delete(operation.id);
      this.#live.delete(operation.id);
    }, readableForMs).unref();
  }

  #find(id: string): RunningOperation {
    const operation = this.#operations.get(id);
    if (!operation) throw new LxError('operation.not_found');
    return operation;
  }

  #refuseWhenStopping(): void {
    if (this.#stopping.signal.aborted) throw new LxError('server.stopping');
  }
}

function factsOf(kind: OperationKind, klass: OperationRow['class'], options: StartOptions, createdAt: Date): OperationFacts {
  return {
    id: randomUUID(),
    kind,
    class: klass,
    project: options.project,
    resources: options.resources ?? null,
    metadata: options.metadata ?? null,
    mayCancel: options.mayCancel ?? false,
    requestor: options.requestor,
    createdAt,
  };
}

function factsOfRow(row: OperationRow, kind: OperationKind): OperationFacts {
  const { id, project, resources, metadata, mayCancel, createdAt } = row;
  return { id, kind, class: row.class, project, resources, metadata, mayCancel, createdAt };
}

/** The journal's row as an operation begins: its first step is under way. */
function firstRow(operation: RunningOperation, step: string, params: JsonObject, locks: readonly string[]): OperationRow {
  const { facts } = operation;
  return {
    id: facts.id,
    project: facts.project,
    kind: facts.kind,
    class: facts.class,
    statusCode: status.running.code,
    resources: facts.resources,
    metadata: facts.metadata,
    error: '',
    mayCancel: facts.mayCancel,
    locks: [...locks],
    revision: 0,
    params,
    state: {},
    begun: [step],
    finished: [],
    createdAt: facts.createdAt,
    updatedAt: facts.createdAt,
  };
}

/** What the journal says of an operation that is neither undone nor resumed. */
function writtenOff(row: OperationRow, at: Date): JournalEntry {
  const error = new LxError('operation.interrupted').message;
  return { ...row, revision: row.revision + 1, statusCode: status.failure.code, error, updatedAt: at };
}

/** Whether the journal fits the steps as they are now: an upgrade may have changed them. */
function isPrefix(row: OperationRow, spec: AnySpec): boolean {
  const steps = stepsFor(spec, row.params);
  return row.finished.length < steps.length && row.finished.every((name, index) => steps[index]?.name === name);
}
