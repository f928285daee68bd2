import { describe, expect, it } from 'vitest';
import { instanceConfigProblems, keyOf } from './instance.ts';

const form = 'Schedule must be of the form: <minute> <hour> <day-of-month> <month> <day-of-week>';
const parsing = (problem: string) => `Error parsing schedule: ${problem}`;
const scheduleOf = (text: string) => {
  const schedule = keyOf({ 'snapshots.schedule': text }, 'snapshots.schedule');
  if (!schedule) throw new Error('no schedule');
  return schedule;
};
const utc = (_: Date) => 0;
/** Due at these times of a day, of those at full five minutes. */
function dueOn(text: string, day: string, offset = utc, subject = 'one'): string[] {
  const schedule = scheduleOf(text);
  const start = Date.parse(`${day}T00:00:00Z`);
  return Array.from({ length: 288 }, (_, at) => new Date(start + at * 300_000))
    .filter((at) => schedule.due(at, subject, offset))
    .map((at) => at.toISOString().slice(11, 16));
}

describe('snapshots.schedule', () => {
  it.each([
    ['* * * * *', null],
    ['*/5 * * * *', null],
    ['0 3 * jan mon-fri', null],
    ['0 3 * * SUN', null],
    ['? * * * *', null],
    ['0 0 31 2 *', null],
    ['0 0 1/5 * *', null],
    ['0-59/2 * * * *', null],
    ['+5 * * * *', null],
    ['05 * * * *', null],
    ['@Hourly', null],
    ['@daily, @startup', null],
    ['@never, @daily', null],
    ['@hourly, 0 0 * * *', null],
    ['@daily,@startup', form],
    ['@daily, ', form],
    [' @daily', form],
    ['@every 1h', form],
    ['@reboot', form],
    ['@toString', form],
    ['* * * *', form],
    ['* * * * * *', form],
    ['0  3 * * *', form],
    ['CRON_TZ=UTC 0 0 * * *', form],
    ['60 * * * *', parsing('end of range (60) above maximum (59): 60')],
    ['0 3 * * 7', parsing('end of range (7) above maximum (6): 7')],
    ['0 0 0 * *', parsing('beginning of range (0) below minimum (1): 0')],
    ['5-1 * * * *', parsing('beginning of range (5) beyond end of range (1): 5-1')],
    ['*/0 * * * *', parsing('step of range should be a positive number: */0')],
    ['1-2-3 * * * *', parsing('too many hyphens: 1-2-3')],
    ['1//2 * * * *', parsing('too many slashes: 1//2')],
    ['1,2,a * * * *', parsing('failed to parse int from a')],
    ['0 0 L * *', parsing('failed to parse int from l')],
    ['jan * * * *', parsing('failed to parse int from jan')],
  ])('%j: %s', (value, problem) => {
    expect(instanceConfigProblems({ 'snapshots.schedule': value })).toEqual(problem === null ? [] : [problem]);
  });

  it('is due in the minutes of its fields', () => {
    expect(dueOn('15,45 6-8/2 * * *', '2026-03-10')).toEqual(['06:15', '06:45', '08:15', '08:45']);
    expect(dueOn('0 1/8 * * *', '2026-03-10')).toEqual(['01:00', '09:00', '17:00']);
    expect(dueOn('0 0 * mar tue', '2026-03-10')).toEqual(['00:00']);
    expect(dueOn('0 0 * mar wed', '2026-03-10')).toEqual([]);
    // Both days given: either will do.
    expect(dueOn('0 0 10 * wed', '2026-03-10')).toEqual(['00:00']);
    expect(dueOn('0 0 11 * wed', '2026-03-10')).toEqual([]);
    expect(scheduleOf('3 4 * * *').due(new Date('2026-03-10T04:03:59Z'), 'one', utc)).toBe(true);
  });

  it('is due by an alias at a minute that differs from subject to subject and is always the same', () => {
    const minutes = (text: string, subject: string) =>
      Array.from({ length: 1440 }, (_, at) => new Date(Date.parse('2026-03-10T00:00Z') + at * 60_000))
        .filter((at) => scheduleOf(text).due(at, subject, utc))
        .map((at) => at.getTime());
    expect(minutes('@hourly', 'one')).toHaveLength(24);
    expect(minutes('@daily', 'one')).toHaveLength(1);
    expect(minutes('@daily', 'one')).toEqual(minutes('@daily', 'one'));
    expect(new Set(Array.from({ length: 50 }, (_, at) => minutes('@daily', `subject ${at}`)[0])).size).toBeGreaterThan(20);
    expect(new Date(minutes('@midnight', 'two')[0] ?? 0).getUTCHours()).toBe(0);
    for (const text of ['@weekly', '@monthly', '@annually', '@yearly', '@never', '@startup']) expect(minutes(text, 'one')).toEqual([]);
    expect([scheduleOf('@daily, @startup').startup, scheduleOf('@daily').startup]).toEqual([true, false]);
  });

  it('skips nothing and doubles nothing where the clocks change', () => {
    // Berlin: put on at 01:00 UTC (02:00 becomes 03:00), put back at 01:00 UTC (03:00 becomes 02:00).
    const berlin = (at: Date) => (at >= new Date('2026-03-29T01:00Z') && at < new Date('2026-10-25T01:00Z') ? -120 : -60);
    expect(dueOn('30 2 * * *', '2026-03-29', berlin)).toEqual(['01:00']);
    expect(dueOn('30 3 * * *', '2026-03-29', berlin)).toEqual(['01:30']);
    expect(dueOn('30 2 * * *', '2026-10-25', berlin)).toEqual(['00:30']);
    expect(dueOn('30 3 * * *', '2026-10-25', berlin)).toEqual(['02:30']);
    expect(dueOn('30 * * * *', '2026-10-25', berlin)).toHaveLength(24);
    expect(dueOn('30 2 * * *', '2026-06-01', berlin)).toEqual(['00:30']);
  });
});
