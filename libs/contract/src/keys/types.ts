import { parseBytes, parsePercent } from '#lib/base';
import { type Compression, compressionNames, readCompression } from '../compression.ts';

/** What the value of a config key must look like, and what it means. Values are always text on the wire. */
export interface KeyType<T = unknown> {
  /** For docs and error texts: "a number of bytes such as 512MiB". */
  readonly name: string;
  accepts(value: string): boolean;
  /** What is wrong with a value, where LXD has words of its own for it. */
  problem?(value: string): string | null;
  /** What an accepted value means. */
  read(value: string): T;
}

export function keyType(name: string, accepts: (value: string) => boolean): KeyType<string>;
export function keyType<T>(name: string, accepts: (value: string) => boolean, read: (value: string) => T): KeyType<T>;
export function keyType<T>(name: string, accepts: (value: string) => boolean, read?: (value: string) => T): KeyType<T | string> {
  return { name, accepts, read: read ?? ((value) => value) };
}

/** The value meets one of the types, and means what the first of them says. */
export function anyOf<T extends readonly KeyType[]>(...types: T): KeyType<ReturnType<T[number]['read']>> {
  const read = (value: string) => types.find((type) => type.accepts(value))?.read(value) as ReturnType<T[number]['read']>;
  return keyType(types.map((type) => type.name).join(', or '), (value) => types.some((type) => type.accepts(value)), read);
}

const yes = new Set(['true', '1', 'yes', 'on']);
const no = new Set(['false', '0', 'no', 'off']);

/** LXD's booleans: true, false and their usual spellings in any case. */
export const bool = keyType(
  'true or false',
  (value) => yes.has(value.toLowerCase()) || no.has(value.toLowerCase()),
  (value) => yes.has(value.toLowerCase()),
);

/** Reads a value that `bool` accepts; absent and empty are `fallback`. */
export function isTrue(value: string | undefined, fallback = false): boolean {
  return value === undefined || value === '' ? fallback : yes.has(value.toLowerCase());
}

export const text = keyType('text', () => true);
export const bytes = keyType(
  'a number of bytes such as 512MiB',
  (value) => parseBytes(value) !== null,
  (value) => parseBytes(value) ?? 0,
);
export const percent = keyType(
  'a percentage such as 10%',
  (value) => parsePercent(value) !== null,
  (value) => ({ percent: Number.parseInt(value, 10) }),
);
export const compression = keyType(
  `a compression (${compressionNames.join(', ')}), and its level such as -9`,
  (value) => readCompression(value) !== null,
  (value): Compression => readCompression(value) ?? { program: 'none', level: null },
);
export const absolutePath = keyType('an absolute path', (value) => /^\/[^\0]*$/.test(value));
export const macAddress = keyType('a MAC address', (value) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value));
/** One that a link may have: the lowest bit of the first octet marks a group's address, and all zeros is none. */
export const unicastMac = keyType(
  'a unicast MAC address',
  (value) => macAddress.accepts(value) && (Number.parseInt(value.slice(0, 2), 16) & 1) === 0 && !/^[0:]+$/.test(value),
);
export const uuid = keyType('a UUID', (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value));

export function integer(range: { min?: number; max?: number } = {}): KeyType<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range;
  const bounds = [range.min === undefined ? '' : `from ${min}`, range.max === undefined ? '' : `up to ${max}`].filter(Boolean);
  const accepts = (value: string) => /^-?\d{1,16}$/.test(value) && Number(value) >= min && Number(value) <= max;
  return keyType(['a whole number', ...bounds].join(' '), accepts, Number);
}

export function oneOf<const C extends readonly string[]>(...choices: C): KeyType<C[number]> {
  return keyType(
    `one of ${choices.join(', ')}`,
    (value) => choices.includes(value),
    (value) => value as C[number],
  );
}

/** A comma-separated list; spaces round the items are allowed. */
export function listOf<T>(item: KeyType<T>): KeyType<T[]> {
  const parts = (value: string) => value.split(',').map((part) => part.trim());
  return keyType(
    `a comma-separated list of: ${item.name}`,
    (value) => parts(value).every((part) => item.accepts(part)),
    (value) => parts(value).map((part) => item.read(part)),
  );
}
