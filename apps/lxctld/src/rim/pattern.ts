import { RE2JS } from 're2js';
import { LxError } from '#lib/contract';

/** Longest pattern. LXD has no limit; people's patterns have a few dozen characters. */
const longest = 1024;
/** Highest sum of counted repetitions: `a{1000}` becomes a thousand instructions. */
const mostRepetitions = 1000;
/** Instructions of a program for which every text is matched in milliseconds, since its states are few and remembered. */
const smallProgram = 20;
/** Instructions times characters of one match of a larger program: below half a second at worst. */
const mostWork = 4_000_000;

/** Whether a text is what a filter asks for. LxError 'request.invalid' when finding out would take too long. */
export type Pattern = (text: string) => boolean;

/**
 * LXD's comparison of texts (API section 2.8): a case-insensitive regular expression of RE2's syntax, which is Go's too,
 * put between ^ and $ as it is unless it has one of them itself; plain text when it is no valid expression. RE2 works in
 * time linear in the text, whatever the pattern.
 */
export function compilePattern(wanted: string): Pattern {
  if (wanted.length > longest || repetitions(wanted) > mostRepetitions) throw tooExpensive();
  const lower = wanted.toLowerCase();
  let program: RE2JS;
  try {
    program = RE2JS.compile(/[$^]/.test(wanted) ? wanted : `^${wanted}$`, RE2JS.CASE_INSENSITIVE);
  } catch {
    return (text) => text.toLowerCase() === lower;
  }
  const size = program.programSize();
  return (text) => {
    if (size > smallProgram && size * text.length > mostWork) throw tooExpensive();
    return program.test(text);
  };
}

export function tooExpensive(): LxError {
  return new LxError('request.invalid', { problems: ['Invalid filter: the pattern is too expensive to match'] });
}

function repetitions(wanted: string): number {
  return [...wanted.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].reduce((sum, [, least, most]) => sum + Number(most || least), 0);
}
