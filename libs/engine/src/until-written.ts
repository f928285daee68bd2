import { delay } from '#lib/base';

const firstPauseMs = 20;
const longestPauseMs = 5000;

export interface Writing {
  /** The daemon ends: what is not written then, is left to the next one. */
  halted: AbortSignal;
  /** Told of the first failure only. */
  report(error: unknown): void;
  /** Whether the failure is an answer and not the database's trouble: it is thrown. */
  isRefusal(error: unknown): boolean;
}

/** Repeats a write, with growing pauses, until it is done (true) or the daemon halts (false), however long that takes. */
export async function untilWritten(write: () => Promise<void>, { halted, report, isRefusal }: Writing): Promise<boolean> {
  for (let pause = firstPauseMs; !halted.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      await write();
      return true;
    } catch (error) {
      if (isRefusal(error)) throw error;
      if (pause === firstPauseMs) report(error);
      await delay(pause, halted);
    }
  }
  return false;
}
