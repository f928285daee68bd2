import { type Operation, succeeded } from '../engine.ts';
import { isBusy } from './expired.ts';
import type { Sweep, SweepUsing } from './sweeps.ts';

const minuteMs = 60_000;
/** Minutes that a new daemon makes up for: as long as an upgrade takes, not as long as a server is switched off. */
const restartMs = 5 * minuteMs;
/** Minutes that a daemon makes up for that was not asleep on purpose: a clock that was put on, a host that stood still. */
const lateMs = 60 * minuteMs;
/** A clock that was put back by less has minutes twice, and what was taken in them is not taken again. */
const backMs = 3 * 60 * minuteMs;

/** What has a schedule. */
export interface Subject<S> {
  of: S;
  id: string;
  /** For people. */
  name: string;
  createdAt: Date;
  /** Whether something is due in the minute of `at`; null: not now, whatever the schedule says. */
  due: ((at: Date) => boolean) | null;
  /** The minute that was last seen to, in milliseconds; NaN: none. */
  done: number;
}

export interface Work<S> {
  /** For people: `snapshot`. */
  word: string;
  subjects(): Promise<Subject<S>[]>;
  /** Does it, and notes the minute with it, so that whatever dies in between, none counts twice. */
  begin(subject: S, minute: Date): Promise<Operation>;
}

/** Does what is due by schedules. */
export class Scheduled<S> implements Sweep {
  readonly #work: Work<S>;
  readonly #using: SweepUsing;
  /** Minutes up to this one are seen to. */
  #seen: number | null = null;
  /** By id of the subject: the minute, of those that something else is done with. They are tried again. */
  readonly #waiting = new Map<string, number>();

  constructor(work: Work<S>, using: SweepUsing) {
    this.#work = work;
    this.#using = using;
  }

  async sweep(signal: AbortSignal): Promise<void> {
    const minutes = this.#minutes();
    const subjects = await this.#work.subjects();
    const ids = new Set(subjects.map(({ id }) => id));
    for (const id of this.#waiting.keys()) if (!ids.has(id)) this.#waiting.delete(id);
    for (const subject of subjects) {
      const due = this.#due(subject, minutes);
      if (due === null) this.#waiting.delete(subject.id);
      else this.#waiting.set(subject.id, due);
    }
    for (const subject of subjects) {
      const minute = this.#waiting.get(subject.id);
      if (minute === undefined || signal.aborted) continue;
      await this.#take(subject, minute).catch((error: unknown) =>
        this.#using.report(`taking the scheduled ${this.#work.word} of ${subject.name}`, error),
      );
    }
  }

  /** Minutes that have begun since the last look, the latest first. */
  #minutes(): number[] {
    const now = this.#using.now().getTime();
    const last = now - (now % minuteMs);
    const seen = this.#seen ?? last - restartMs;
    this.#seen = last;
    // A clock that was put back shows times that were seen: what was done in them is known by each subject.
    const first = seen > last ? last : Math.max(seen + minuteMs, last - lateMs);
    const minutes: number[] = [];
    for (let minute = last; minute >= first; minute -= minuteMs) minutes.push(minute);
    return minutes;
  }

  #due({ id, createdAt, due, done }: Subject<S>, minutes: readonly number[]): number | null {
    if (due === null) return null;
    const open = minutes.find(
      (minute) => minute + minuteMs > createdAt.getTime() && !(minute <= done && done - minute < backMs) && due(new Date(minute)),
    );
    return open ?? this.#waiting.get(id) ?? null;
  }

  async #take({ of, id }: Subject<S>, minute: number): Promise<void> {
    try {
      const operation = await this.#work.begin(of, new Date(minute));
      this.#waiting.delete(id);
      await succeeded(operation);
    } catch (error) {
      if (isBusy(error)) return;
      this.#waiting.delete(id);
      throw error;
    }
  }
}
