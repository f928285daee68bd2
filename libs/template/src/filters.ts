import type { Scope } from './scope.ts';
import { Float, numberOf, sizeOf, textOf, truth, type Value } from './values.ts';

type Filter = (value: Value, argument: Value, line: number, scope: Scope) => Value;

/** A filter that makes text of text. */
const onText =
  (work: (text: string, argument: string) => string): Filter =>
  (value, argument, line) =>
    work(textOf(value, line), textOf(argument, line));

/** Characters, or elements. */
function elements(value: Value, line: number): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : Array.from(textOf(value, line));
}

function padded(value: Value, argument: Value, line: number, scope: Scope): [text: string, missing: number] {
  const text = textOf(value, line);
  const missing = Math.max(0, numberOf(argument) - Array.from(text).length);
  // Counted before it is made.
  if (missing > 10_000) throw scope.fail('it is too wide', line);
  return [text, missing];
}

function joined(value: Value, argument: Value, line: number, scope: Scope): string {
  const between = textOf(argument, line);
  const parts = elements(value, line).map((element) => {
    scope.step(line);
    return scope.text(textOf(element, line) + between, line);
  });
  return parts.join('').slice(0, parts.length > 0 && between !== '' ? -between.length : undefined);
}

function split(value: Value, argument: Value, line: number, scope: Scope): Value {
  const parts = textOf(value, line).split(textOf(argument, line));
  for (const part of parts) scope.text(part, line);
  return parts;
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
function sum(one: Value, other: Value): Value {
  const result = numberOf(one) + numberOf(other);
  return one instanceof Float || other instanceof Float ? new Float(result) : Math.trunc(result);
}

/** As Go writes a query: a lone half of a character becomes the replacement character first. */
function urlencoded(text: string): string {
  const whole = encodeURIComponent(Buffer.from(text).toString());
  return whole.replaceAll('%20', '+').replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

const characters = (text: string) => Array.from(text);

/** pongo2's filters that images use, by their names there. */
export const filters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  [
    'add',
    (value, argument, line) =>
      typeof value === 'string' || typeof argument === 'string' ? textOf(value, line) + textOf(argument, line) : sum(value, argument),
  ],
  ['addslashes', onText((text) => text.replaceAll(/[\\"']/g, String.raw`\$&`))],
  ['capfirst', onText(capitalized)],
  [
    'center',
    (value, argument, line, scope) => {
      const [text, missing] = padded(value, argument, line, scope);
      return ' '.repeat(Math.ceil(missing / 2)) + text + ' '.repeat(Math.floor(missing / 2));
    },
  ],
  ['cut', onText((text, out) => (out === '' ? text : text.replaceAll(out, '')))],
  ['default', (value, argument) => (truth(value) ? value : argument)],
  ['default_if_none', (value, argument) => value ?? argument],
  ['divisibleby', (value, argument) => numberOf(argument) !== 0 && numberOf(value) % numberOf(argument) === 0],
  ['first', (value, _argument, line) => elements(value, line)[0] ?? ''],
  ['float', (value) => new Float(numberOf(value))],
  ['integer', (value) => Math.trunc(numberOf(value))],
  ['join', joined],
  ['last', (value, _argument, line) => elements(value, line).at(-1) ?? ''],
  ['length', (value) => sizeOf(value)],
  ['length_is', (value, argument) => sizeOf(value) === numberOf(argument)],
  [
    'ljust',
    (value, argument, line, scope) => {
      const [text, missing] = padded(value, argument, line, scope);
      return text + ' '.repeat(missing);
    },
  ],
  ['lower', onText((text) => text.toLowerCase())],
  [
    'rjust',
    (value, argument, line, scope) => {
      const [text, missing] = padded(value, argument, line, scope);
      return ' '.repeat(missing) + text;
    },
  ],
  ['safe', (value) => value],
  ['split', split],
  ['title', onText((text) => text.toLowerCase().replaceAll(/(^|\s)\S/g, (start) => start.toUpperCase()))],
  [
    'truncatechars',
    (value, argument, line) => {
      const text = characters(textOf(value, line));
      const most = numberOf(argument);
      return text.length <= most ? text.join('') : `${text.slice(0, Math.max(0, most - 3)).join('')}...`;
    },
  ],
  ['upper', onText((text) => text.toUpperCase())],
  ['urlencode', onText(urlencoded)],
  ['wordcount', (value, _argument, line) => textOf(value, line).split(/\s+/).filter(Boolean).length],
  [
    'yesno',
    (value, argument, line) => {
      const [yes = 'yes', no = 'no', maybe = 'maybe'] = argument === null ? [] : textOf(argument, line).split(',');
      return value === null ? maybe : truth(value) ? yes : no;
    },
  ],
]);
