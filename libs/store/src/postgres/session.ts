import type { CachedTable } from './cache.ts';

/** What a statement that writes did. */
export interface Outcome {
  /** Rows it touched. */
  count: number;
  /** It was sent twice, because the connection broke before the first answer: the first may have taken effect. */
  repeated: boolean;
}

/** What happens when the connection breaks after a write was sent, so that nobody knows whether it took effect. */
export type Repeat =
  /** Sent again: a second time does no harm (absolute values, found by key). */
  | { kind: 'harmless' }
  /** Sent again; then this primary key being taken means that the first one took effect. For keys the caller made up. */
  | { kind: 'own-key'; constraint: string }
  /** Rejected with LxError 'database.unavailable'; the caller has to look. */
  | { kind: 'never' };

/** Where statements go: the pool, or one transaction. */
export interface Session {
  /** For statements about this table alone: answers are kept until it changes, and writes say that it did. */
  about(table: CachedTable): Session;
  /** Rejects with LxError 'database.unavailable', or what Postgres said (RowConflict where it is one). */
  read<T extends object>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  write(sql: string, values: readonly unknown[], repeat: Repeat): Promise<Outcome>;
}
