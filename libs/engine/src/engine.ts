import type { JsonObject } from '#lib/base';
import type { LifecycleMetadata, OperationKind, WireEvent, WireOperation } from '#lib/contract';
import { isFinal, LxError, status } from '#lib/contract';
import type { OperationSpec } from './operation-spec.ts';

/** Who asked. Goes into lifecycle events. */
export interface Requestor {
  username: string;
  protocol: string;
  address: string;
}

export interface StartOptions {
  project: string;
  resources?: Record<string, string[]>;
  metadata?: JsonObject;
  mayCancel?: boolean;
  requestor?: Requestor;
  /**
   * Names that this operation alone may hold while it runs, e.g. `instance:<id>`. When one is held, `start` rejects
   * with LxError 'instance.busy' naming the holder's kind.
   */
  locks?: readonly string[];
}

/** A running or lately finished operation. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  /** null: the server itself, or a client of an earlier daemon. */
  readonly requestor: Requestor | null;
  /** With its secrets; see `withoutSecrets`. */
  view(): WireOperation;
  /** Resolves with the final view, also when the operation failed; rejects never. */
  readonly done: Promise<WireOperation>;
  /** What it failed of, once it has: an LxError keeps the status that it would have had as an answer. */
  readonly failure: Error | null;
}

/** Waits for the end; rejects with what the operation failed of. For requests that are answered when it is over. */
export async function succeeded(operation: Operation): Promise<WireOperation> {
  const view = await operation.done;
  if (operation.failure) throw operation.failure;
  if (!isFinal(view.status_code)) throw new LxError('server.stopping');
  if (view.status_code !== status.success.code) throw new LxError('operation.cancelled');
  return view;
}

/** What a websocket operation needs; nothing of it is journaled, it dies with the daemon. */
export interface LiveSpec {
  kind: OperationKind;
  class: 'websocket' | 'task';
  /** Names of the sockets ('0', '1', '2', 'control'); the engine makes a secret for each and puts them in metadata.fds. */
  sockets: readonly string[];
  /** Ends the operation when it resolves; what it resolves to is merged into the metadata before it becomes final. */
  run(live: LiveContext): Promise<JsonObject>;
}
export interface LiveContext {
  readonly operationId: string;
  readonly signal: AbortSignal;
  /** The websocket of this name, once a client has connected with its secret; paused, to be resumed once it is listened to. Rejects after `timeoutMs`. */
  socket(name: string, timeoutMs?: number): Promise<import('ws').WebSocket>;
  progress(metadata: JsonObject): void;
}

export interface Engine {
  /** Makes a kind known for recovery and for `start`. At composition, before `recover`. */
  register<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>): void;
  /** Journals the operation and begins it; resolves as soon as it can be answered with 202. */
  start<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>, params: P, options: StartOptions): Promise<Operation>;
  startLive(spec: LiveSpec, options: StartOptions): Promise<Operation>;
  get(id: string): Operation | null;
  list(project: string | null): Operation[];
  /** LxError 'operation.not_found' or 'operation.not_cancellable'. */
  cancel(id: string): Promise<void>;
  /** Waits until the operation is final, at most so long (negative or absent: for ever); resolves with the view as it is then. */
  wait(id: string, timeoutMs?: number): Promise<WireOperation>;
  /** Hands a client's websocket to the operation whose secret it presented. LxError 'operation.bad_secret'. */
  connect(id: string, secret: string, socket: import('ws').WebSocket): void;
  /** Whether the secret belongs to the operation and is unused: checked before the upgrade is accepted. */
  accepts(id: string, secret: string): boolean;
  /** Finishes or unwinds what an earlier daemon left. Call once, before requests are served. Resolves when all are final. */
  recover(): Promise<void>;
  /** Lets running operations end for at most so long, then aborts them. Resolves with those that the next daemon has to end. */
  shutdown(timeoutMs: number): Promise<readonly Operation[]>;
  readonly events: EventHub;
}

export interface EventHub {
  lifecycle(project: string, metadata: LifecycleMetadata): void;
  logging(metadata: { message: string; level: string; context: Record<string, string> }): void;
  /** Calls back for each event; returns the unsubscribe function. */
  subscribe(listener: (event: WireEvent) => void): () => void;
}
