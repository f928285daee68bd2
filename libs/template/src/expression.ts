import { filters } from './filters.ts';
import { Scope } from './scope.ts';
import type { TokenReader } from './token-reader.ts';
import { contains, equal, Float, isMap, isNumber, numberOf, textOf, truth, type Value } from './values.ts';

/** An expression, ready to be evaluated. */
export type Expression = (scope: Scope) => Value;
type Operator = (one: Value, other: Value, line: number, scope: Scope) => Value;

const comparisons: Readonly<Record<string, Operator>> = {
  '==': equal,
  '!=': (one, other) => !equal(one, other),
  '<>': (one, other) => !equal(one, other),
  '<': (one, other) => order(one, other) < 0,
  '>': (one, other) => order(one, other) > 0,
  '<=': (one, other) => order(one, other) <= 0,
  '>=': (one, other) => order(one, other) >= 0,
  in: contains,
};
const sums: Readonly<Record<string, Operator>> = {
  '+': (one, other, line, scope) =>
    typeof one === 'string' || typeof other === 'string'
      ? scope.text(textOf(one, line) + textOf(other, line), line)
      : arithmetic(one, other, line, scope, (a, b) => a + b),
  '-': (one, other, line, scope) => arithmetic(one, other, line, scope, (a, b) => a - b),
};
const products: Readonly<Record<string, Operator>> = {
  '*': (one, other, line, scope) => arithmetic(one, other, line, scope, (a, b) => a * b),
  '/': (one, other, line, scope) => arithmetic(one, other, line, scope, (a, b) => a / b),
  '%': (one, other, line, scope) => arithmetic(one, other, line, scope, (a, b) => a % b),
};

/** `and` and `or` bind alike and to the right, as in pongo2. */
export function parseExpression(reader: TokenReader): Expression {
  return reader.nested(() => {
    const one = parseComparison(reader);
    const operator = reader.take('name', 'and', 'or') ?? reader.take('symbol', '&&', '||');
    if (operator === null) return one;
    const other = parseExpression(reader);
    const both = operator === 'and' || operator === '&&';
    return (scope) => (both ? truth(one(scope)) && truth(other(scope)) : truth(one(scope)) || truth(other(scope)));
  });
}

function parseComparison(reader: TokenReader): Expression {
  const one = parseSum(reader);
  const { lineNow: line } = reader;
  const operator = reader.take('symbol', '==', '!=', '<>', '<', '>', '<=', '>=') ?? reader.take('name', 'in');
  if (operator === null) return one;
  return binary(operator, comparisons, one, parseSum(reader), line);
}

/** A sign and `not` are for the whole sum, as in pongo2. */
function parseSum(reader: TokenReader): Expression {
  const { lineNow: line } = reader;
  const sign = reader.take('symbol', '-', '+');
  const not = reader.take('symbol', '!') ?? reader.take('name', 'not');
  const first = parseProduct(reader);
  let sum = sign === '-' ? negative(first, line) : first;
  for (let word = reader.take('symbol', '+', '-'); word !== null; word = reader.take('symbol', '+', '-'))
    sum = binary(word, sums, sum, parseProduct(reader), line);
  const whole = sum;
  return not === null ? whole : (scope) => !truth(whole(scope));
}

function negative(expression: Expression, line: number): Expression {
  return (scope) => arithmetic(0, expression(scope), line, scope, (a, b) => a - b);
}

function parseProduct(reader: TokenReader): Expression {
  const { lineNow: line } = reader;
  let product = parseFactor(reader);
  for (let word = reader.take('symbol', '*', '/', '%'); word !== null; word = reader.take('symbol', '*', '/', '%'))
    product = binary(word, products, product, parseFactor(reader), line);
  return product;
}

function binary(word: string, table: Readonly<Record<string, Operator>>, one: Expression, other: Expression, line: number): Expression {
  const operator = table[word] as Operator;
  return (scope) => {
    const [left, right] = [one(scope), other(scope)];
    scope.step(line, left, right);
    return operator(left, right, line, scope);
  };
}

function parseFactor(reader: TokenReader): Expression {
  return reader.nested(() => {
    if (reader.take('symbol', '(') === null) return parseFiltered(reader);
    const inner = parseExpression(reader);
    reader.need('symbol', ')');
    return inner;
  });
}

function parseFiltered(reader: TokenReader): Expression {
  let value = parseOperand(reader);
  while (reader.take('symbol', '|') !== null) {
    const { lineNow: line } = reader;
    const name = reader.need('name');
    const filter = filters.get(name);
    if (!filter) throw reader.fail(`unknown filter ${JSON.stringify(name)}`);
    const input = value;
    const argument = reader.take('symbol', ':') === null ? null : parseOperand(reader);
    value = (scope) => {
      const [given, by] = [input(scope), argument?.(scope) ?? null];
      scope.step(line, given, by);
      const made = filter(given, by, line, scope);
      return typeof made === 'string' ? scope.text(made, line) : made;
    };
  }
  return value;
}

function parseOperand(reader: TokenReader): Expression {
  const number = reader.take('number');
  if (number !== null) {
    const value = number.includes('.') ? new Float(Number(number)) : Number(number);
    return () => value;
  }
  const text = reader.take('text');
  if (text !== null) return () => text;
  const { lineNow: line } = reader;
  const name = reader.need('name');
  if (name === 'true' || name === 'false') return () => name === 'true';
  if (name === 'nil' || name === 'none') return () => null;
  return parsePath(reader, name, line);
}

/** What follows a name: attributes, positions and calls. */
function parsePath(reader: TokenReader, name: string, line: number): Expression {
  let value: Expression = (scope) => scope.get(name, line);
  let path = name;
  for (;;) {
    const inner = value;
    if (reader.take('symbol', '.') !== null) {
      // The lexer takes "a.0.1" for a fraction.
      const keys = reader.take('name') ?? reader.need('number');
      for (const key of keys.split('.')) {
        const from = value;
        value = (scope) => member(from(scope), key, line, scope);
      }
      path += `.${keys}`;
    } else if (reader.take('symbol', '[') !== null) {
      const key = parseExpression(reader);
      reader.need('symbol', ']');
      value = (scope) => member(inner(scope), textOf(key(scope), line), line, scope);
    } else if (reader.take('symbol', '(') !== null) {
      const args = parseArguments(reader);
      const called = path;
      value = (scope) => {
        const callee = inner(scope);
        if (typeof callee !== 'function') throw scope.fail(`${JSON.stringify(called)} is not a function`, line);
        scope.step(line);
        return callee(args.map((argument) => argument(scope)));
      };
    } else return value;
  }
}

function parseArguments(reader: TokenReader): Expression[] {
  const args: Expression[] = [];
  if (reader.take('symbol', ')') !== null) return args;
  do args.push(parseExpression(reader));
  while (reader.take('symbol', ',') !== null);
  reader.need('symbol', ')');
  return args;
}

/** What is not in a map, and what nothing has, is nothing. */
function member(value: Value, key: string, line: number, scope: Scope): Value {
  scope.step(line);
  if (value === null) return null;
  if (isMap(value)) return value.get(key) ?? null;
  if (Array.isArray(value)) return (/^\d{1,9}$/.test(key) ? (value as readonly Value[])[Number(key)] : undefined) ?? null;
  throw scope.fail(`there is no ${JSON.stringify(key)} in it`, line);
}

function order(one: Value, other: Value): number {
  if (typeof one === 'string' && typeof other === 'string') return one < other ? -1 : one > other ? 1 : 0;
  return isNumber(one) && isNumber(other) ? numberOf(one) - numberOf(other) : Number.NaN;
}

function arithmetic(one: Value, other: Value, line: number, scope: Scope, work: (a: number, b: number) => number): Value {
  if (!isNumber(one) || !isNumber(other)) throw scope.fail('only numbers can be reckoned with', line);
  const result = work(numberOf(one), numberOf(other));
  if (!Number.isFinite(result)) throw scope.fail('the result is not a number', line);
  return one instanceof Float || other instanceof Float ? new Float(result) : Math.trunc(result);
}
