/** One field: which values it takes, and whether it was given as "any". */
interface Field {
  values: ReadonlySet<number>;
  any: boolean;
}

/** Five fields, parsed. */
export interface Cron {
  minute: Field;
  hour: Field;
  day: Field;
  month: Field;
  weekday: Field;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** A field that cannot be read, in LXD's words. */
export class CronProblem extends Error {}

/** `<minute> <hour> <day-of-month> <month> <day-of-week>`, in lower case. Throws `CronProblem`. */
export function parseCron(text: string): Cron {
  const fields = text.split(' ');
  const [minute, hour, day, month, weekday] = fields;
  if (fields.length !== 5 || !minute || !hour || !day || !month || !weekday)
    throw new CronProblem('Schedule must be of the form: <minute> <hour> <day-of-month> <month> <day-of-week>');
  return {
    minute: parseField(minute, 0, 59),
    hour: parseField(hour, 0, 23),
    day: parseField(day, 1, 31),
    month: parseField(month, 1, 12, months),
    weekday: parseField(weekday, 0, 6, weekdays),
  };
}

function parseField(text: string, min: number, max: number, names: readonly string[] = []): Field {
  const parts = text.split(',');
  const values = new Set<number>();
  for (const part of parts) for (const value of parseRange(part, min, max, names)) values.add(value);
  return { values, any: parts.some((part) => /^[*?]/.test(part)) };
}

/** A number, a name, `*` or a range, each with a step or without. */
function parseRange(text: string, min: number, max: number, names: readonly string[]): number[] {
  const [range = '', stepText, ...more] = text.split('/');
  const bounds = range.split('-');
  const [from = '', to = from] = bounds;
  refuseFirst(text, [
    [more.length > 0, 'too many slashes'],
    [bounds.length > 2, 'too many hyphens'],
  ]);
  const any = from === '*' || from === '?';
  const first = any ? min : parseValue(from, min, names);
  // One value with a step: from there on.
  const open = any || (bounds.length === 1 && stepText !== undefined);
  const last = open ? max : parseValue(to, min, names);
  const step = stepText === undefined ? 1 : parseValue(stepText, 0, []);
  refuseFirst(text, [
    [first < min, `beginning of range (${first}) below minimum (${min})`],
    [last > max, `end of range (${last}) above maximum (${max})`],
    [first > last, `beginning of range (${first}) beyond end of range (${last})`],
    [step === 0, 'step of range should be a positive number'],
  ]);
  const values: number[] = [];
  for (let value = first; value <= last; value += step) values.push(value);
  return values;
}

function refuseFirst(text: string, rules: readonly [wrong: boolean, problem: string][]): void {
  const problem = rules.find(([wrong]) => wrong)?.[1];
  if (problem !== undefined) throw new CronProblem(`Error parsing schedule: ${problem}: ${text}`);
}

function parseValue(text: string, min: number, names: readonly string[]): number {
  const named = names.indexOf(text);
  if (named >= 0) return named + min;
  if (!/^\+?\d{1,9}$/.test(text)) throw new CronProblem(`Error parsing schedule: failed to parse int from ${text}`);
  return Number(text);
}

/** Minutes by which local time lags behind UTC at a time, as `Date.getTimezoneOffset` tells it. */
export type ZoneOffset = (at: Date) => number;
export const localOffset: ZoneOffset = (at) => at.getTimezoneOffset();

const minuteMs = 60_000;
/** Clocks are not put on or back by more. */
const widestShiftMs = 3 * 60 * minuteMs;

/**
 * Whether the minute of `at` is one of the schedule's, by local time. Where the clock is put on, what lies in the hour that
 * is left out is due when it has been; where it is put back, what is due at certain hours is so the first time alone.
 */
export function isDue(cron: Cron, at: Date, offset: ZoneOffset = localOffset): boolean {
  const wall = wallOf(at, offset);
  if (cron.hour.any) return matches(cron, wall);
  const back = (offset(at) - offset(new Date(at.getTime() - widestShiftMs))) * minuteMs;
  if (back > 0 && wallOf(new Date(at.getTime() - back), offset).getTime() === wall.getTime()) return false;
  const left = (offset(new Date(at.getTime() - minuteMs)) - offset(at)) * minuteMs;
  for (let skipped = left; skipped > 0; skipped -= minuteMs) if (matches(cron, new Date(wall.getTime() - skipped))) return true;
  return matches(cron, wall);
}

/** Local time as if it were UTC. */
function wallOf(at: Date, offset: ZoneOffset): Date {
  return new Date(at.getTime() - offset(at) * minuteMs);
}

function matches({ minute, hour, day, month, weekday }: Cron, wall: Date): boolean {
  if (!minute.values.has(wall.getUTCMinutes()) || !hour.values.has(wall.getUTCHours())) return false;
  if (!month.values.has(wall.getUTCMonth() + 1)) return false;
  const byDay = day.values.has(wall.getUTCDate());
  const byWeekday = weekday.values.has(wall.getUTCDay());
  // crontab(5): when both are restricted, either will do.
  return day.any || weekday.any ? byDay && byWeekday : byDay || byWeekday;
}
