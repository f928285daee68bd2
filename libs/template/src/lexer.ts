import { limits, TemplateError } from './limits.ts';

export interface Token {
  kind: 'name' | 'number' | 'text' | 'symbol';
  text: string;
  line: number;
}

/** A piece of a template: plain text, an expression to write out, or a tag. */
export type Piece = { kind: 'plain'; text: string; line: number } | { kind: 'output' | 'tag'; tokens: Token[]; line: number };

const openings = { '{{': '}}', '{%': '%}', '{#': '#}' } as const;
type Opening = keyof typeof openings;
const tokenPattern =
  /\s+|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<symbol>==|!=|<>|<=|>=|&&|\|\||[-+*/%^<>!|:,.()[\]=])/suy;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** Cuts a template up, in one pass. */
export function pieces(source: string): Piece[] {
  if (source.length > limits.source) throw new TemplateError(`it is longer than ${limits.source} characters`, 1);
  const found: Piece[] = [];
  const plain = (text: string, line: number) => text !== '' && found.push({ kind: 'plain', text, line });
  let line = 1;
  let at = 0;
  let trim = false;
  for (let start = nextOpening(source, 0); start !== -1; start = nextOpening(source, at)) {
    const before = source.slice(at, start);
    const closing = openings[source.slice(start, start + 2) as Opening];
    plain(trimmed(before, trim, closing !== '#}' && source[start + 2] === '-'), line);
    line += linesIn(before);
    const close = closingOf(source, start + 2, closing, line);
    const inner = source.slice(start + 2, close);
    trim = closing !== '#}' && inner.length > 1 && inner.endsWith('-');
    if (closing !== '#}') found.push({ kind: closing === '}}' ? 'output' : 'tag', tokens: tokens(words(inner), line), line });
    line += linesIn(inner);
    at = close + 2;
  }
  plain(trimmed(source.slice(at), trim, false), line);
  return found;
}

/** What stands between the signs, without those that ask for trimming. */
function words(inner: string): string {
  return inner.slice(inner.startsWith('-') ? 1 : 0, inner.length > 1 && inner.endsWith('-') ? -1 : undefined);
}

function trimmed(text: string, start: boolean, end: boolean): string {
  const rest = start ? text.trimStart() : text;
  return end ? rest.trimEnd() : rest;
}

function nextOpening(source: string, from: number): number {
  for (let at = source.indexOf('{', from); at !== -1; at = source.indexOf('{', at + 1))
    if (Object.hasOwn(openings, source.slice(at, at + 2))) return at;
  return -1;
}

/** Where the closing pair stands; those in quotes do not count. */
function closingOf(source: string, from: number, closing: string, line: number): number {
  if (closing === '#}') {
    const end = source.indexOf(closing, from);
    if (end !== -1) return end;
    throw new TemplateError('a comment is not closed', line);
  }
  let quote = '';
  for (let at = from; at < source.length; at++) {
    const letter = source.charAt(at);
    if (quote !== '') {
      if (letter === '\\') at++;
      else if (letter === quote) quote = '';
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (source.startsWith(closing, at)) return at;
  }
  throw new TemplateError(`${closing} is missing`, line);
}

function tokens(source: string, firstLine: number): Token[] {
  const found: Token[] = [];
  let line = firstLine;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < source.length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(source);
    if (match === null) throw new TemplateError(`unexpected ${JSON.stringify(source.charAt(at))}`, line);
    const { name, number, text, symbol } = match.groups ?? {};
    if (name !== undefined) found.push({ kind: 'name', text: name, line });
    else if (number !== undefined) found.push({ kind: 'number', text: number, line });
    else if (text !== undefined) found.push({ kind: 'text', text: unescaped(text), line });
    else if (symbol !== undefined) found.push({ kind: 'symbol', text: symbol, line });
    line += linesIn(match[0]);
    if (found.length > limits.tokens) throw new TemplateError(`there are more than ${limits.tokens} words in one tag`, line);
  }
  return found;
}

function unescaped(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/gsu, (_, letter: string) => escapes[letter] ?? letter);
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
