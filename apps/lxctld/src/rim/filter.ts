import { LxError } from '#lib/contract';
import { compilePattern, type Pattern, tooExpensive } from './pattern.ts';

/** Longest time for one filter in milliseconds. The daemon answers nothing else meanwhile. */
const mostTime = 1000;

interface Word {
  text: string;
  quoted: boolean;
}

interface Clause {
  join: 'and' | 'or';
  negate: boolean;
  field: string;
  operator: 'eq' | 'ne';
  value: string;
  /** Used for text fields. */
  pattern: Pattern;
}

/**
 * The objects that a `filter=` text selects (API section 2.8): `[not] field eq|ne value`, joined by `and` and `or`,
 * evaluated strictly from left to right. Dotted fields reach into maps. '' selects all. LxError 'request.invalid' when a
 * clause is malformed.
 */
export function filterObjects<T extends object>(items: readonly T[], filter: string): T[] {
  const deadline = performance.now() + mostTime;
  const inTime = () => {
    if (performance.now() > deadline) throw tooExpensive();
  };
  const clauses = parseFilter(filter, inTime);
  if (clauses.length === 0) return [...items];
  return items.filter((item) => {
    inTime();
    return matches(item, clauses);
  });
}

function parseFilter(filter: string, inTime: () => void): Clause[] {
  const words = split(filter);
  const clauses: Clause[] = [];
  for (let at = 0; at < words.length; ) {
    inTime();
    const join = clauses.length === 0 ? 'and' : conjunction(words[at++]);
    const negate = words[at]?.quoted === false && words[at]?.text.toLowerCase() === 'not';
    if (negate) at += 1;
    const [field, operator, value] = words.slice(at, at + 3).map((word) => word.text);
    if (field === undefined) throw malformed('unterminated compound clause');
    if (operator === undefined) throw malformed('clause has no operator');
    if (value === undefined) throw malformed('clause has no value');
    const lower = operator.toLowerCase();
    if (lower !== 'eq' && lower !== 'ne') throw malformed(`unknown operator ${JSON.stringify(operator)}`);
    clauses.push({ join, negate, field, operator: lower, value, pattern: compilePattern(value) });
    at += 3;
  }
  return clauses;
}

function conjunction(word: Word | undefined): Clause['join'] {
  const lower = word?.text.toLowerCase();
  if (lower !== 'and' && lower !== 'or') throw malformed('invalid clause composition');
  return lower;
}

/** Same texts as LXD, where it has one. */
function malformed(reason: string): LxError {
  return new LxError('request.invalid', { problems: [`Invalid filter: ${reason}`] });
}

/** Splits at spaces. Double quotes keep spaces, and a backslash inside them keeps the next character. */
function split(filter: string): Word[] {
  const words: Word[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/gy;
  let end = 0;
  for (const match of filter.matchAll(pattern)) {
    end = match.index + match[0].length;
    words.push(
      match[1] === undefined ? { text: match[2] ?? '', quoted: false } : { text: match[1].replace(/\\(["\\])/g, '$1'), quoted: true },
    );
  }
  if (filter.slice(end).trim() !== '') throw malformed('unterminated quote');
  return words;
}

function matches(item: object, clauses: readonly Clause[]): boolean {
  let result = true;
  for (const clause of clauses) {
    const holds = clauseHolds(valueAt(item, clause.field), clause);
    result = clause.join === 'and' ? result && holds : result || holds;
  }
  return result;
}

function clauseHolds(value: unknown, { negate, operator, value: wanted, pattern }: Clause): boolean {
  const equal =
    typeof value === 'string' ? pattern(value) : ['number', 'boolean'].includes(typeof value) && JSON.stringify(value) === wanted;
  return (operator === 'eq' ? equal : !equal) !== negate;
}

/** Value of a field by its dotted path. Keys of maps may contain dots, so at each level the longest key is tried first. */
function valueAt(item: unknown, path: string): unknown {
  if (typeof item !== 'object' || item === null) return undefined;
  if (Object.hasOwn(item, path)) return (item as Record<string, unknown>)[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const key = path.slice(0, dot);
    if (Object.hasOwn(item, key)) return valueAt((item as Record<string, unknown>)[key], path.slice(dot + 1));
  }
  return undefined;
}
