import { isLxError, keyOf } from '#lib/contract';
import { succeeded } from '#lib/engine';
import type { Expansion } from '#lib/profile';
import type { InstanceRow, Store } from '#lib/store';
import type { Supervision } from '../supervision.ts';
import type { Snapshot } from '../verbs/snapshot.ts';
import { scheduledKey } from '../volatile.ts';

const minuteMs = 60_000;
/** Minutes that a new daemon makes up for: as long as an upgrade takes, not as long as a server is switched off. */
const restartMs = 5 * minuteMs;
/** Minutes that a daemon makes up for that was not asleep on purpose: a clock that was put on, a host that stood still. */
const lateMs = 60 * minuteMs;
/** A clock that was put back by less has minutes twice, and what was taken in them is not taken again. */
const backMs = 3 * 60 * minuteMs;

interface Using {
  store: Store;
  expansion: Expansion;
  supervision: Supervision;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/**
 * Takes the snapshots that are due. The minute an instance was last due in is written with the rows of the snapshot, in one
 * transaction, so whatever dies in between, no minute counts twice.
 */
export class ScheduledSnapshots {
  readonly #snapshot: Snapshot;
  readonly #using: Using;
  /** Minutes up to this one are seen to. */
  #seen: number | null = null;
  /** By id of the instance: the minute, of those that something else is done with. They are tried again. */
  readonly #waiting = new Map<string, number>();

  constructor(snapshot: Snapshot, using: Using) {
    this.#snapshot = snapshot;
    this.#using = using;
  }

  /** `signal`: no further one is begun. */
  async sweep(signal: AbortSignal): Promise<void> {
    const minutes = this.#minutes();
    const { store, expansion, report } = this.#using;
    const members = await expansion.ofAll(await store.instances.list(null));
    const ids = new Set(members.map(({ row }) => row.id));
    for (const id of this.#waiting.keys()) if (!ids.has(id)) this.#waiting.delete(id);
    for (const { row, expanded } of members) {
      const due = this.#due(row, expanded.config, minutes);
      if (due === null) this.#waiting.delete(row.id);
      else this.#waiting.set(row.id, due);
    }
    for (const { row } of members) {
      const minute = this.#waiting.get(row.id);
      if (minute === undefined || signal.aborted) continue;
      await this.#take(row, minute).catch((error: unknown) => report(`taking the scheduled snapshot of ${row.name}`, error));
    }
  }

  /** Minutes that have begun since the last look, the latest first. */
  #minutes(): number[] {
    const now = this.#using.now().getTime();
    const last = now - (now % minuteMs);
    const seen = this.#seen ?? last - restartMs;
    this.#seen = last;
    // A clock that was put back shows times that were seen: what was done in them is known by each instance.
    const first = seen > last ? last : Math.max(seen + minuteMs, last - lateMs);
    const minutes: number[] = [];
    for (let minute = last; minute >= first; minute -= minuteMs) minutes.push(minute);
    return minutes;
  }

  #due(row: InstanceRow, config: InstanceRow['config'], minutes: readonly number[]): number | null {
    const schedule = keyOf(config, 'snapshots.schedule');
    if (!schedule) return null;
    if (!keyOf(config, 'snapshots.schedule.stopped') && this.#using.supervision.get(row.id) === null) return null;
    const done = Date.parse(row.volatile[scheduledKey] ?? '');
    const open = minutes.find(
      (minute) =>
        minute + minuteMs > row.createdAt.getTime() &&
        !(minute <= done && done - minute < backMs) &&
        schedule.due(new Date(minute), row.id),
    );
    return open ?? this.#waiting.get(row.id) ?? null;
  }

  async #take(row: InstanceRow, minute: number): Promise<void> {
    const request = { name: '', stateful: false, expiresAt: null };
    try {
      const operation = await this.#snapshot.begin(row, request, undefined, new Date(minute));
      this.#waiting.delete(row.id);
      await succeeded(operation);
    } catch (error) {
      if (isLxError(error, 'instance.busy')) return;
      this.#waiting.delete(row.id);
      throw error;
    }
  }
}
