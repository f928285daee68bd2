import { type Expression, parseExpression } from './expression.ts';
import type { Node } from './parser.ts';
import type { Scope } from './scope.ts';
import type { TokenReader } from './token-reader.ts';
import { equal, isMap, textOf, truth, type Value } from './values.ts';

/** Reads the pieces between a tag and the one that ends it. */
export interface TagParser {
  /** The pieces up to one of these tags, whose words are then in `reader`. */
  until(...names: string[]): { body: Node; name: string; reader: TokenReader };
}
type Tag = (reader: TokenReader, parser: TagParser) => Node;

/** Writes a body with names of its own. */
function inside(body: Node, scope: Scope, names: ReadonlyMap<string, Value>): void {
  body(scope.inner(names));
}

function ifTag(reader: TokenReader, parser: TagParser): Node {
  const branches: { when: Expression | null; body: Node }[] = [];
  let when: Expression | null = parseExpression(reader);
  reader.end();
  for (;;) {
    const part = parser.until(...(when === null ? ['endif'] : ['elif', 'else', 'endif']));
    branches.push({ when, body: part.body });
    if (part.name === 'endif') break;
    when = part.name === 'elif' ? parseExpression(part.reader) : null;
    part.reader.end();
  }
  return (scope) => {
    const chosen = branches.find((branch) => branch.when === null || truth(branch.when(scope)));
    chosen?.body(scope);
  };
}

/** What a loop goes over: of a map the keys, in their order. */
function items(value: Value): readonly [key: Value, value: Value][] {
  if (isMap(value)) return [...value].sort(([one], [other]) => (one < other ? -1 : 1));
  const list = typeof value === 'string' ? Array.from(value) : Array.isArray(value) ? (value as readonly Value[]) : [];
  return list.map((element) => [element, null]);
}

function forTag(reader: TokenReader, parser: TagParser): Node {
  const { line } = reader;
  const key = reader.need('name');
  const second = reader.take('symbol', ',') === null ? null : reader.need('name');
  reader.need('name', 'in');
  const over = parseExpression(reader);
  const reversed = reader.take('name', 'reversed') !== null;
  reader.take('name', 'sorted');
  reader.end();
  const loop = parser.until('empty', 'endfor');
  loop.reader.end();
  const empty = loop.name === 'empty' ? parser.until('endfor').body : null;
  return (scope) => {
    const whole = over(scope);
    scope.step(line, whole);
    const all = [...items(whole)];
    if (reversed) all.reverse();
    if (all.length === 0) empty?.(scope);
    all.forEach(([one, other], index) => {
      scope.step(line);
      const names = new Map<string, Value>([
        [key, one],
        ['forloop', place(index, all.length)],
      ]);
      if (second !== null) names.set(second, other);
      inside(loop.body, scope, names);
    });
  };
}

function place(index: number, length: number): Value {
  const left = length - index;
  return new Map<string, Value>([
    ['Counter', index + 1],
    ['Counter0', index],
    ['Revcounter', left],
    ['Revcounter0', left - 1],
    ['First', index === 0],
    ['Last', left === 1],
  ]);
}

function setTag(reader: TokenReader): Node {
  const name = reader.need('name');
  reader.need('symbol', '=');
  const value = parseExpression(reader);
  reader.end();
  return (scope) => scope.set(name, value(scope));
}

/** `with a=1 b=2`, or `with 1 as a`. */
function withTag(reader: TokenReader, parser: TagParser): Node {
  const names: [name: string, value: Expression][] = [];
  const pair = reader.assignment();
  if (pair === null) {
    const value = parseExpression(reader);
    reader.need('name', 'as');
    names.push([reader.need('name'), value]);
  } else {
    for (let name: string | null = pair; name !== null; name = reader.assignment()) names.push([name, parseExpression(reader)]);
  }
  reader.end();
  const { body } = parser.until('endwith');
  return (scope) => inside(body, scope, new Map(names.map(([name, value]) => [name, value(scope)])));
}

const equalTag =
  (end: string, wanted: boolean): Tag =>
  (reader, parser) => {
    const [one, other] = [parseExpression(reader), parseExpression(reader)];
    reader.end();
    const then = parser.until('else', end);
    const otherwise = then.name === 'else' ? parser.until(end).body : null;
    return (scope) => (equal(one(scope), other(scope)) === wanted ? then.body(scope) : otherwise?.(scope));
  };

function firstOfTag(reader: TokenReader): Node {
  const { line } = reader;
  const choices: Expression[] = [];
  while (!reader.done) choices.push(parseExpression(reader));
  return (scope) => {
    for (const choice of choices) {
      const value = choice(scope);
      if (truth(value)) return scope.write(textOf(value, line), line);
    }
  };
}

/** The tags that images use; `comment` is the parser's own. What reads files (include, extends, ssi, import) is none of them. */
export const tags: ReadonlyMap<string, Tag> = new Map<string, Tag>([
  ['if', ifTag],
  ['for', forTag],
  ['set', setTag],
  ['with', withTag],
  ['ifequal', equalTag('endifequal', true)],
  ['ifnotequal', equalTag('endifnotequal', false)],
  ['firstof', firstOfTag],
]);
