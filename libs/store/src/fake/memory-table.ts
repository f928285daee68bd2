import { RowConflict, RowMissing } from '../store.ts';

/** A uniqueness besides the key; `name` is the constraint's name in Postgres. */
export interface Unique<R> {
  name: string;
  of(row: R): string;
}

/** Takes back one change of a transaction. */
export type Inverse = () => void;

export const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

/** Rows of one kind with a key and further uniquenesses. Rows are copied on the way in and out, as a database does. */
export class MemoryTable<R extends object> {
  readonly #rows = new Map<string, R>();

  constructor(
    readonly key: Unique<R>,
    readonly uniques: readonly Unique<R>[] = [],
  ) {}

  all(): R[] {
    return [...this.#rows.values()].map((row) => structuredClone(row));
  }

  where(matches: (row: R) => boolean): R[] {
    return this.all().filter(matches);
  }

  get(key: string): R | null {
    const row = this.#rows.get(key);
    return row ? structuredClone(row) : null;
  }

  insert(row: R, inverses: Inverse[]): void {
    const key = this.key.of(row);
    if (this.#rows.has(key)) throw new RowConflict(this.key.name);
    this.#refuseTwins(row, null);
    this.#rows.set(key, structuredClone(row));
    inverses.push(() => this.#rows.delete(key));
  }

  update(key: string, change: Partial<R>, inverses: Inverse[]): void {
    const before = this.#rows.get(key);
    if (!before) throw new RowMissing(this.key.name);
    const after = { ...before, ...structuredClone(defined(change)) };
    const moved = this.key.of(after);
    if (moved !== key && this.#rows.has(moved)) throw new RowConflict(this.key.name);
    this.#refuseTwins(after, before);
    if (moved !== key) this.#rows.delete(key);
    this.#rows.set(moved, after);
    inverses.push(() => {
      this.#rows.delete(moved);
      this.#rows.set(key, before);
    });
  }

  delete(key: string, inverses: Inverse[]): void {
    const before = this.#rows.get(key);
    if (!before) throw new RowMissing(this.key.name);
    this.#rows.delete(key);
    inverses.push(() => this.#rows.set(key, before));
  }

  #refuseTwins(row: R, self: R | null): void {
    for (const unique of this.uniques) {
      for (const other of this.#rows.values()) {
        if (other !== self && unique.of(other) === unique.of(row)) throw new RowConflict(unique.name);
      }
    }
  }
}

/** Without the fields that are undefined: a statement does not set those either. */
function defined<T extends object>(change: T): T {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as T;
}
