import type { Json } from './json.ts';

const replacement = '\ufffd';

/** The text with what Postgres cannot hold (NUL, halves of surrogate pairs) replaced by U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll(/\u0000|\p{Surrogate}/gu, replacement);
}

/** The same for every text in a value, names of keys included. */
export function storableJson<T extends Json>(value: T): T {
  return clean(value) as T;
}

function clean(value: Json): Json {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [storableText(key), clean(each as Json)]));
}
