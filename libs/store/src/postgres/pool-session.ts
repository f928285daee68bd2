import type { QueryResult } from 'pg';
import { delay } from '#lib/base';
import { RowConflict } from '../store.ts';
import type { Cache, CachedTable } from './cache.ts';
import type { Connections } from './connections.ts';
import { isConnectionFailure, isDiskFull, isMomentary, spoilsConnection, unavailable } from './failures.ts';
import type { Outcome, Repeat, Session } from './session.ts';
import { type Disk, foreignDisk, inWords, pauseMs, query } from './statement.ts';
import { TransactionSession } from './transaction-session.ts';

export interface Traffic {
  statements: number;
  commits: number;
}

/** A statement gets at least this long, however little is left of the patience. */
const shortestMs = 500;

/**
 * Statements on connections of the pool. A database that is away is waited for, `patienceMs` a call; a statement that is not
 * answered within half of that is given up, and its connection with it.
 *
 * INVARIANTS: a read is repeated until it is answered. A write whose outcome is not known is repeated only as its `Repeat`
 * allows; one that surely took no effect is repeated always. A transaction's work runs at most once: a connection that
 * breaks or hangs in it, or before its COMMIT was acknowledged, rejects with LxError 'database.unavailable', because then
 * nobody here knows whether it took effect, or will take effect once the server goes on.
 */
export class PoolSession implements Session {
  /** What was asked of the database so far. BEGIN and COMMIT are no statements; a write outside of a transaction commits. */
  readonly traffic: Traffic = { statements: 0, commits: 0 };

  constructor(
    readonly connections: Connections,
    readonly patienceMs: number,
    readonly cache: Cache,
    readonly disk: Disk = foreignDisk,
  ) {}

  about(table: CachedTable): Session {
    const { cache } = this;
    return {
      about: (other) => this.about(other),
      read: (sql, values = []) => cache.answer(table, JSON.stringify([sql, values]), () => this.read(sql, values)),
      write: (sql, values, repeat) => this.write(sql, values, repeat).finally(() => cache.changed(table)),
    };
  }

  async read<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    const result = await this.#ask(sql, values, true);
    return result.rows as T[];
  }

  async write(sql: string, values: readonly unknown[], repeat: Repeat): Promise<Outcome> {
    this.traffic.commits++;
    const result = await this.#ask(sql, values, repeat.kind !== 'never', repeat.kind === 'own-key' ? repeat.constraint : null);
    return { count: result.rowCount ?? 0, repeated: result.repeated };
  }

  /** One transaction, READ COMMITTED. */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = new TransactionSession(this);
    try {
      const result = await work(session).catch(async (error: unknown) => {
        await session.rollback();
        throw error;
      });
      await session.commit();
      return result;
    } finally {
      for (const table of session.changed) this.cache.changed(table);
      session.release();
    }
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  async #ask(
    sql: string,
    values: readonly unknown[],
    repeatable: boolean,
    ownKey: string | null = null,
  ): Promise<Pick<QueryResult, 'rows' | 'rowCount'> & { repeated: boolean }> {
    const deadline = Date.now() + this.patienceMs;
    this.traffic.statements++;
    for (let repeated = false; ; ) {
      const client = await this.connections.take(deadline);
      let spoilt = false;
      try {
        const { rows, rowCount } = await query(client, sql, values, this.timeFor(deadline));
        return { rows, rowCount, repeated };
      } catch (error) {
        spoilt = spoilsConnection(error);
        if (isConnectionFailure(error)) {
          if (!repeatable || Date.now() > deadline) throw unavailable(error);
          repeated = true;
        } else if (!(isMomentary(error) || (isDiskFull(error) && this.disk.makeRoom())) || Date.now() > deadline) {
          const problem = inWords(error, this.disk);
          if (repeated && problem instanceof RowConflict && problem.constraint === ownKey) return { rows: [], rowCount: 1, repeated };
          throw problem;
        }
      } finally {
        client.release(spoilt);
      }
      await delay(pauseMs);
    }
  }

  /** How long a statement may take now, in milliseconds. */
  timeFor(deadline: number): number {
    return Math.max(Math.min(this.patienceMs / 2, deadline - Date.now()), shortestMs);
  }
}
