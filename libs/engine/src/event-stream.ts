import type { Json } from '#lib/base';
import type { LifecycleMetadata, WireEvent, WireOperation } from '#lib/contract';
import { isFinal, withoutSecrets } from '#lib/contract';
import type { EventHub } from './engine.ts';
import type { EventLog } from './event-log.ts';
import type { Report } from './problem.ts';

/** Tells events to whoever listens, at once, and hands those worth keeping to the log. */
export class EventStream implements EventHub {
  readonly #listeners = new Set<(event: WireEvent) => void>();
  readonly #log: EventLog;
  readonly #now: () => Date;
  readonly #report: Report;

  constructor(log: EventLog, now: () => Date, report: Report) {
    this.#log = log;
    this.#now = now;
    this.#report = report;
  }

  operation(project: string, view: WireOperation): void {
    this.#emit('operation', project, withoutSecrets(view), isFinal(view.status_code));
  }

  lifecycle(project: string, metadata: LifecycleMetadata): void {
    this.#emit('lifecycle', project, metadata, true);
  }

  logging(metadata: { message: string; level: string; context: Record<string, string> }): void {
    this.#emit('logging', '', metadata, false);
  }

  subscribe(listener: (event: WireEvent) => void): () => void {
    // A wrapper, so that the same function may subscribe twice.
    const entry = (event: WireEvent) => listener(event);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  #emit(type: WireEvent['type'], project: string, metadata: object, keep: boolean): void {
    const at = this.#now();
    if (keep) this.#log.append({ type, project, at, metadata: metadata as Json });
    if (this.#listeners.size === 0) return;
    const event: WireEvent = { type, timestamp: at.toISOString(), metadata, location: 'none', project };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#report({ what: 'telling a listener of an event', error });
      }
    }
  }
}
