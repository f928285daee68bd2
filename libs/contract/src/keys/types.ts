import { parseBytes, parsePercent } from '#lib/base';

/** What the value of a config key must look like. Values are always text. */
export interface KeyType {
  /** For docs and error texts: "a number of bytes such as 512MiB". */
  readonly name: string;
  accepts(value: string): boolean;
}

export function keyType(name: string, accepts: (value: string) => boolean): KeyType {
  return { name, accepts };
}

/** The value meets one of the types. */
export function anyOf(...types: readonly KeyType[]): KeyType {
  return keyType(types.map((type) => type.name).join(', or '), (value) => types.some((type) => type.accepts(value)));
}

const yes = new Set(['true', '1', 'yes', 'on']);
const no = new Set(['false', '0', 'no', 'off']);

/** LXD's booleans: true, false and their usual spellings in any case. */
export const bool = keyType('true or false', (value) => yes.has(value.toLowerCase()) || no.has(value.toLowerCase()));

/** Reads a value that `bool` accepts; absent and empty are `fallback`. */
export function isTrue(value: string | undefined, fallback = false): boolean {
  return value === undefined || value === '' ? fallback : yes.has(value.toLowerCase());
}

export const text = keyType('text', () => true);
export const bytes = keyType('a number of bytes such as 512MiB', (value) => parseBytes(value) !== null);
export const percent = keyType('a percentage such as 10%', (value) => parsePercent(value) !== null);
export const absolutePath = keyType('an absolute path', (value) => /^\/[^\0]*$/.test(value));
export const macAddress = keyType('a MAC address', (value) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value));
export const uuid = keyType('a UUID', (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value));

export function integer(range: { min?: number; max?: number } = {}): KeyType {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range;
  const bounds = [range.min === undefined ? '' : `from ${min}`, range.max === undefined ? '' : `up to ${max}`].filter(Boolean);
  return keyType(['a whole number', ...bounds].join(' '), (value) => {
    return /^-?\d{1,16}$/.test(value) && Number(value) >= min && Number(value) <= max;
  });
}

export function oneOf(...choices: readonly string[]): KeyType {
  return keyType(`one of ${choices.join(', ')}`, (value) => choices.includes(value));
}

/** A comma-separated list; spaces round the items are allowed. */
export function listOf(item: KeyType): KeyType {
  return keyType(`a comma-separated list of: ${item.name}`, (value) => value.split(',').every((part) => item.accepts(part.trim())));
}
