import { constants } from 'node:os';
import type { ErrnoError } from '../errno.ts';

/** How long the other side may take, in milliseconds. */
export interface Deadlines {
  /** A keeper, for an answer. */
  answer: number;
  /** A keeper, at the daemon's start. */
  adoption: number;
  /** A keeper that was told to kill, before it is killed itself; and then for clearing up. */
  kill: number;
  end: number;
  /** The nursery, for its greeting, before it is replaced. */
  nursery: number;
  /** The nursery, for clearing up behind a keeper that was killed. */
  sweep: number;
  /** A whole launch. */
  launch: number;
}

export const usualDeadlines: Deadlines = {
  answer: 10_000,
  adoption: 3000,
  kill: 2000,
  end: 30_000,
  nursery: 3000,
  sweep: 10_000,
  launch: 60_000,
};

/** The promise's outcome, or ETIMEDOUT after so long. The promise goes on, and its later failure is nobody's. */
export async function within<T>(milliseconds: number, who: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(who)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function timedOut(who: string): ErrnoError {
  const error = new Error(`ETIMEDOUT: ${who} does not answer`);
  return Object.assign(error, { code: 'ETIMEDOUT', errno: -constants.errno.ETIMEDOUT, syscall: 'recvmsg' });
}
