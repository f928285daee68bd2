import { TemplateError } from './limits.ts';

/** A function that templates may call. */
export type TemplateFunction = (args: readonly Value[]) => Value;
/** A whole number and a fraction are different things: 7 / 2 is 3, and 7 / 2.0 is 3.5. */
export class Float {
  constructor(readonly value: number) {}
}
/** Maps are of the class Map alone, so that no name reaches a prototype. */
export type Value = null | boolean | number | string | Float | readonly Value[] | ReadonlyMap<string, Value> | TemplateFunction;

/** Objects of JSON as values: only their own keys are there. */
export function fromJson(json: unknown): Value {
  if (json === null || json === undefined) return null;
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json === 'object') return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]));
  if (typeof json === 'number') return Number.isInteger(json) ? json : new Float(json);
  return typeof json === 'string' || typeof json === 'boolean' ? json : String(json as bigint);
}

export function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

/** As pongo2 has it: nothing, zero, and what is empty are false. */
export function truth(value: Value): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  return isMap(value) ? value.size > 0 : Boolean(value);
}

export function sizeOf(value: Value): number {
  if (typeof value === 'string') return Array.from(value).length;
  if (Array.isArray(value)) return value.length;
  return isMap(value) ? value.size : 0;
}

/** What has to be gone through to look at all of it. */
export function lengthOf(value: Value): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return isMap(value) ? value.size : 0;
}

export function isNumber(value: Value): value is number | Float {
  return typeof value === 'number' || value instanceof Float;
}

export function numberOf(value: Value): number {
  if (value instanceof Float) return value.value;
  if (typeof value === 'number') return value;
  const number = typeof value === 'string' && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : 0;
  return number;
}

/** A value as it is written out. */
export function textOf(value: Value, line: number): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (value instanceof Float) return value.value.toFixed(6);
  throw new TemplateError(`${typeof value === 'function' ? 'a function' : isMap(value) ? 'a map' : 'a list'} cannot be written out`, line);
}

export function equal(one: Value, other: Value): boolean {
  if (isNumber(one) && isNumber(other)) return numberOf(one) === numberOf(other);
  return one === other;
}

/** What `in` means. */
export function contains(one: Value, whole: Value): boolean {
  if (typeof whole === 'string') return typeof one === 'string' && whole.includes(one);
  if (isMap(whole)) return typeof one === 'string' && whole.has(one);
  return Array.isArray(whole) && whole.some((element: Value) => equal(element, one));
}
