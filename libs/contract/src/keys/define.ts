import type { StringMap } from '#lib/base';
import type { KeyType } from './types.ts';

/** One config key: the source of its validation, default, documentation and completion. */
export interface KeyRow<T = unknown> {
  type: KeyType<T>;
  /** One sentence for docs/reference/config-keys.md. */
  doc: string;
  /** The value of a key that is not set. */
  default?: string;
  /** A change takes effect at once on running instances. */
  live: boolean;
  /** The key is read at each use, so a change needs no applier. */
  readWhenUsed?: true;
  /** Version of lxctl, or API extension of LXD, that introduced the key. */
  since?: string;
}

/** The keys of one kind of object. A key that ends in `.*` stands for every key with that prefix. */
export interface KeyCatalogue<K extends string = string> {
  /** The kind of object: `instance`, `server`, `network.bridge`, `storage.overlay`, `device.disk` ... */
  readonly scope: string;
  readonly rows: Readonly<Record<K, KeyRow>>;
}

/** Keeps the types of the rows, from which `readKey` and `LiveKey` are derived. */
export function defineKeys<const R extends Record<string, KeyRow>>(scope: string, rows: R): { readonly scope: string; readonly rows: R } {
  return { scope, rows };
}

type Rows = Readonly<Record<string, KeyRow>>;

/** Keys whose changes need an applier for running instances. */
export type LiveKey<R extends Rows> = {
  [K in keyof R & string]: true extends R[K]['live'] ? (R[K] extends { readWhenUsed: true } ? never : K) : never;
}[keyof R & string];

/** The parsed value of a key; undefined when it is not set and has no default. */
export type KeyValue<R extends KeyRow> = ReturnType<R['type']['read']> | (R extends { default: string } ? never : undefined);

/** Parses a key of a validated config. Absent and empty values are the row's default. */
export function readKey<R extends Rows, K extends keyof R & string>(
  catalogue: { readonly rows: R },
  config: StringMap,
  key: K,
): KeyValue<R[K]> {
  const row = catalogue.rows[key] as KeyRow;
  const text = config[key] || row.default;
  return (text === undefined ? undefined : row.type.read(text)) as KeyValue<R[K]>;
}

/** Whether a key has no control characters. Keys are written to lists, environments and files, where those would break lines or control a terminal. */
export function isKeyText(key: string): boolean {
  return !/\p{Cc}/u.test(key);
}

/** The row of a key, also by a `prefix.*` row; null for an unknown key. */
export function keyRow(catalogue: KeyCatalogue, key: string): KeyRow | null {
  if (!isKeyText(key)) return null;
  if (Object.hasOwn(catalogue.rows, key) && !key.endsWith('.*')) return catalogue.rows[key] ?? null;
  for (const [pattern, row] of Object.entries(catalogue.rows)) {
    if (pattern.endsWith('.*') && key.startsWith(pattern.slice(0, -1)) && key.length > pattern.length - 1) return row;
  }
  return null;
}

/** Error texts for keys. LXD's texts differ between kinds of objects. */
export interface KeyWords {
  unknown(key: string, value: string): string;
  invalid(key: string, value: string, type: KeyType): string;
}

const usualWords: KeyWords = { unknown: (key) => `Unknown configuration key: ${key}`, invalid: invalidValue };

/**
 * Lists all problems of a config in LXD's words. Empty values unset a key and are always valid. Pass the result to `refuse`.
 */
export function validateConfig(catalogue: KeyCatalogue, config: StringMap, words: Partial<KeyWords> = {}): string[] {
  const { unknown, invalid } = { ...usualWords, ...words };
  const problems: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    const row = keyRow(catalogue, key);
    if (!isKeyText(key)) problems.push(`Invalid configuration key ${JSON.stringify(key)}: it holds control characters`);
    else if (row === null) problems.push(unknown(key, value));
    else if (value !== '' && !row.type.accepts(value)) problems.push(invalid(key, value, row.type));
  }
  return problems;
}

export function invalidValue(key: string, value: string, type: KeyType): string {
  return type.problem?.(value) ?? `Invalid value ${JSON.stringify(value)} for key ${JSON.stringify(key)}: it must be ${type.name}`;
}

/** The value of a key, or its default; undefined when it has none. */
export function configValue<K extends string>(catalogue: KeyCatalogue<K>, config: StringMap, key: K): string | undefined {
  return config[key] || catalogue.rows[key].default;
}

/** A config without its empty values, which LXD treats as unset. */
export function withoutEmpty(config: StringMap): StringMap {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== ''));
}
