/** Volatile keys that are set, and those that go (null). */
export type VolatileChange = Record<string, string | null>;
