import { CronProblem, isDue, parseCron, type ZoneOffset } from './cron.ts';
import type { KeyType } from './types.ts';

/** When snapshots of an instance are taken by themselves. */
export interface Schedule {
  /** Before each start. */
  startup: boolean;
  /** Whether one is due in the minute of `at`. Whatever names no minute itself gets one from `subject`, always the same. */
  due(at: Date, subject: string, offset?: ZoneOffset): boolean;
}

/** `M` and `H`: a minute and an hour of the subject's own, so that not all of a server are due at once. */
const aliases: Readonly<Record<string, string | null>> = {
  '@hourly': 'M * * * *',
  '@daily': 'M H * * *',
  '@midnight': 'M 0 * * *',
  '@weekly': 'M H * * 0',
  '@monthly': 'M H 1 * *',
  '@annually': 'M H 1 1 *',
  '@yearly': 'M H 1 1 *',
  '@startup': null,
  '@never': null,
};

const wordsOf = (text: string) => text.toLowerCase().split(', ');

/** The first thing that is wrong with a schedule; null when it is good. */
function problemOf(text: string): string | null {
  try {
    for (const word of wordsOf(text)) if (!Object.hasOwn(aliases, word)) parseCron(word);
    return null;
  } catch (error) {
    if (error instanceof CronProblem) return error.message;
    throw error;
  }
}

function scheduleOf(text: string): Schedule {
  const words = wordsOf(text);
  const specs = words.map((word) => (Object.hasOwn(aliases, word) ? aliases[word] : word)).filter((spec) => spec != null);
  return {
    startup: words.includes('@startup'),
    due: (at, subject, offset) => specs.some((spec) => isDue(parseCron(placed(spec, subject)), at, offset)),
  };
}

function placed(spec: string, subject: string): string {
  let hash = 7;
  for (const char of subject) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  return spec.replace('M', String(hash % 60)).replace('H', String(Math.floor(hash / 60) % 24));
}

/** Of what is never started. */
export const volumeSnapshotSchedule: KeyType<Schedule> = {
  name: 'a cron expression such as "0 3 * * *", or a list such as "@daily"',
  accepts: (value) => !wordsOf(value).includes('@startup') && problemOf(value) === null,
  read: scheduleOf,
};

export const snapshotSchedule: KeyType<Schedule> = {
  name: 'a cron expression such as "0 3 * * *", or a list such as "@daily, @startup"',
  accepts: (value) => problemOf(value) === null,
  problem: problemOf,
  read: scheduleOf,
};
