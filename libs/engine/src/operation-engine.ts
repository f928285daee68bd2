import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { JsonObject } from '#lib/base';
import { delay } from '#lib/base';
import type { OperationKind, WireOperation } from '#lib/contract';
import { LxError, status } from '#lib/contract';
import type { OperationRow, Store } from '#lib/store';
import type { Engine, LiveSpec, Operation, StartOptions } from './engine.ts';
import { EventLog } from './event-log.ts';
import { EventStream } from './event-stream.ts';
import type { Faults } from './faults.ts';
import { noFaults } from './faults.ts';
import { LiveRun } from './live-run.ts';
import { Locks } from './locks.ts';
import type { OperationSpec } from './operation-spec.ts';
import type { Report } from './problem.ts';
import { messageOf } from './problem.ts';
import { Pruning } from './pruning.ts';
import type { OperationFacts } from './running-operation.ts';
import { RunningOperation } from './running-operation.ts';
import type { Ending } from './step-run.ts';
import { StepRun } from './step-run.ts';

export interface OperationEngineOptions {
  store: Store;
  /** Told of what no caller hears: an undo that failed, events that could not be kept. */
  report: Report;
  now?: () => Date;
  /** `faultsFromEnvironment()` in the daemon. */
  faults?: Faults;
}

type AnySpec = OperationSpec<JsonObject, JsonObject>;

/** How long a finished operation can still be read and connected to: clients GET it after it ended. */
const readableForMs = 5000;
/** How long aborted operations may take to unwind at shutdown; what is left then, the next daemon unwinds. */
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
  readonly #log: EventLog;
  readonly #pruning: Pruning;
  readonly #locks = new Locks();
  readonly #specs = new Map<string, AnySpec>();
  readonly #operations = new Map<string, RunningOperation>();
  readonly #live = new Map<string, LiveRun>();
  readonly #stopping = new AbortController();
  readonly #halted = new AbortController();

  constructor(options: OperationEngineOptions) {
    this.#store = options.store;
    this.#report = options.report;
    this.#now = options.now ?? (() => new Date());
    this.#faults = options.faults ?? noFaults;
    this.#log = new EventLog(options.store, options.report);
    this.events = new EventStream(this.#log, this.#now, options.report);
    this.#pruning = new Pruning(options.store, this.#now, options.report);
  }

  register<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>): void {
    const names = new Set(spec.steps.map((step) => step.name));
    if (names.size === 0 || names.size !== spec.steps.length) throw new TypeError(`${spec.kind}: steps need names, each its own`);
    if (this.#specs.has(spec.kind)) throw new TypeError(`${spec.kind} is registered already`);
    this.#specs.set(spec.kind, spec as unknown as AnySpec);
  }

  async start<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>, params: P, options: StartOptions): Promise<Operation> {
    if (!this.#specs.has(spec.kind)) throw new TypeError(`${spec.kind} is not registered: nobody could clean up after a crash`);
    this.#refuseWhenStopping();
    const release = this.#locks.take(options.locks ?? [], spec.kind);
    const operation = this.#make(factsOf(spec.kind, 'task', options, this.#now()));
    const row = firstRow(operation, spec.steps[0]?.name ?? '', params);
    try {
      await this.#store.operations.insert(row);
    } catch (error) {
      release();
      throw error;
    }
    this.#begin(operation);
    const run = new StepRun(this.#stepDeps(), spec, operation, row);
    void this.#conclude(operation, run.forward(), release);
    return operation;
  }

  async startLive(spec: LiveSpec, options: StartOptions): Promise<Operation> {
    this.#refuseWhenStopping();
    const release = this.#locks.take(options.locks ?? [], spec.kind);
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
    if (!operation.facts.mayCancel || operation.isOver) throw new LxError('operation.not_cancellable');
    if (operation.cancelled) return;
    operation.cancelled = true;
    operation.become('cancelling', this.#now());
    operation.abort.abort();
    const { requestor } = operation.facts;
    this.events.lifecycle(operation.project, {
      action: 'operation-cancelled',
      source: `/1.0/operations/${id}`,
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
    const rows = await this.#store.operations.unfinished();
    await Promise.all(rows.map((row) => this.#recoverOne(row)));
    await this.#pruning.start();
  }

  async shutdown(timeoutMs: number): Promise<void> {
    this.#stopping.abort();
    this.#pruning.stop();
    // A session lasts as long as its client likes, and no next daemon can take it up: nothing is won by waiting.
    for (const operation of this.#operations.values()) if (operation.facts.class === 'websocket') operation.abort.abort();
    await this.#quiet(timeoutMs);
    for (const operation of this.#operations.values()) operation.abort.abort();
    await this.#quiet(unwindWithinMs);
    this.#halted.abort();
    await this.#log.close();
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
    const interrupted = new LxError('operation.interrupted');
    if (!spec) {
      this.#report({ what: `${row.kind} is not known: what it left cannot be undone`, operationId: row.id, error: null });
      await this.#store.operations.update(row.id, { statusCode: status.failure.code, error: interrupted.message, updatedAt: this.#now() });
      return;
    }
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
      const result = await live.run(operation, this.#now);
      if (Object.keys(result).length > 0) operation.metadata = { ...operation.metadata, ...result };
      return { status: operation.cancelled ? 'cancelled' : 'success', error: '', at: this.#now() };
    } catch (error) {
      return { status: operation.cancelled ? 'cancelled' : 'failure', error: operation.cancelled ? '' : messageOf(error), at: this.#now() };
    }
  }

  /** Takes an ended operation off the books; never rejects. */
  async #conclude(operation: RunningOperation, running: Promise<Ending>, release: () => void): Promise<void> {
    const ending = await running.catch((error: unknown): Ending => {
      // The journal itself failed: the row stays unfinished, and the next daemon unwinds it.
      this.#report({ what: `journal of ${operation.kind}`, operationId: operation.id, error });
      return { status: 'failure', error: messageOf(error), at: this.#now() };
    });
    release();
    if (ending === 'left') operation.leave();
    else operation.finish(ending.status, ending.error, ending.at);
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
function firstRow(operation: RunningOperation, step: string, params: JsonObject): OperationRow {
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
    params,
    state: {},
    begun: [step],
    finished: [],
    createdAt: facts.createdAt,
    updatedAt: facts.createdAt,
  };
}

/** Whether the journal fits the steps as they are now: an upgrade may have changed them. */
function isPrefix(row: OperationRow, spec: AnySpec): boolean {
  return row.finished.length < spec.steps.length && row.finished.every((name, index) => spec.steps[index]?.name === name);
}
