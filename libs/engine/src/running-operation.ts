import type { JsonObject } from '#lib/base';
import { Deferred } from '#lib/base';
import type { OperationKind, StatusName, WireOperation } from '#lib/contract';
import { isFinal, operationCatalogue, status } from '#lib/contract';
import type { OperationRow } from '#lib/store';
import type { Operation, Requestor } from './engine.ts';
import type { Ending } from './step-run.ts';

export interface OperationFacts {
  id: string;
  kind: OperationKind;
  class: OperationRow['class'];
  project: string;
  resources: Record<string, string[]> | null;
  metadata: JsonObject | null;
  mayCancel: boolean;
  requestor?: Requestor | undefined;
  createdAt: Date;
}

const texts = new Map<number, string>(Object.values(status).map(({ code, text }) => [code, text]));

/** An operation as this daemon knows it. Every change is told to the listener; the final one also resolves `done`. */
export class RunningOperation implements Operation {
  readonly #done = new Deferred<WireOperation>();
  readonly #changed: (operation: RunningOperation) => void;
  /** Aborted by cancel and at shutdown. */
  readonly abort = new AbortController();
  mayCancel: boolean;
  /** A client asked for the end. */
  cancelled = false;
  metadata: JsonObject | null;
  statusCode: number = status.pending.code;
  error = '';
  failure: Error | null = null;
  updatedAt: Date;

  constructor(
    readonly facts: OperationFacts,
    changed: (operation: RunningOperation) => void,
  ) {
    this.#changed = changed;
    this.metadata = facts.metadata;
    this.mayCancel = facts.mayCancel;
    this.updatedAt = facts.createdAt;
  }

  get id(): string {
    return this.facts.id;
  }

  get kind(): OperationKind {
    return this.facts.kind;
  }

  get requestor(): Requestor | null {
    return this.facts.requestor ?? null;
  }

  get project(): string {
    return this.facts.project;
  }

  get done(): Promise<WireOperation> {
    return this.#done.promise;
  }

  get isOver(): boolean {
    return isFinal(this.statusCode);
  }

  view(): WireOperation {
    const { facts } = this;
    return {
      id: facts.id,
      class: facts.class,
      description: operationCatalogue[facts.kind]?.description ?? facts.kind,
      created_at: facts.createdAt.toISOString(),
      updated_at: this.updatedAt.toISOString(),
      status: texts.get(this.statusCode) ?? '',
      status_code: this.statusCode,
      resources: facts.resources,
      metadata: this.metadata,
      may_cancel: this.mayCancel,
      err: this.error,
      location: 'none',
    };
  }

  become(name: StatusName, at: Date): void {
    this.statusCode = status[name].code;
    this.updatedAt = at;
    this.#changed(this);
  }

  /** Merges keys; nothing once the operation is over. */
  progress(metadata: JsonObject, at: Date): void {
    if (this.isOver) return;
    this.metadata = { ...this.metadata, ...metadata };
    this.updatedAt = at;
    this.#changed(this);
  }

  finish({ status: name, error, failure, at }: Exclude<Ending, 'left'>): void {
    if (this.isOver) return;
    this.error = error;
    this.failure = failure;
    this.become(name, at);
    this.#done.resolve(this.view());
  }

  /** The daemon ends and the next one goes on with it: whoever waits gets the operation as it is. */
  leave(): void {
    this.#done.resolve(this.view());
  }
}
