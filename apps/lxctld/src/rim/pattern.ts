import { RE2JS } from 're2js';
import { LxError } from '#lib/contract';

/** Longest pattern in characters. LXD has no limit. */
const longest = 1024;
/** Highest sum of counted repetitions, since `a{1000}` is compiled to a thousand instructions. */
const mostRepetitions = 1000;
/** Programs up to this size have few states, which are cached, so texts of any length are matched in milliseconds. */
const smallProgram = 20;
/** Limit of instructions times characters for one match of a larger program: half a second at worst. */
const mostWork = 4_000_000;

/** Tests whether a text matches. LxError 'request.invalid' when the match would take too long. */
export type Pattern = (text: string) => boolean;

/**
 * Compiles the value of a filter's clause (API section 2.8). Like LXD, it is a case-insensitive regular expression in the
 * syntax of RE2 (which Go uses too), put between ^ and $ without parentheses unless it contains one of them, and compared
 * as plain text when it is not valid. RE2 matches in time linear in the length of the text.
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
