import type { StringMap } from '#lib/base';

/** Volatile keys that are set, and those that go (null). */
export type VolatileChange = Record<string, string | null>;

/** A row as it is with the change. */
export function withVolatile<R extends { volatile: StringMap }>(row: R, change: VolatileChange): R {
  const all: VolatileChange = { ...row.volatile, ...change };
  return { ...row, volatile: Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null)) };
}
