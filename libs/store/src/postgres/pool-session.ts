import type { PoolClient, QueryResult } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { delay } from '#lib/base';
import { RowConflict } from '../store.ts';
import { isConnectionFailure, translated, unavailable } from './failures.ts';
import type { Outcome, Repeat, Session } from './session.ts';

/** First and longest pause between two attempts. */
const firstPauseMs = 20;
const longestPauseMs = 100;

/**
 * Statements on connections of the pool. A database that is away is waited for, `patienceMs` a call.
 *
 * INVARIANTS: a read is repeated until it is answered. A write is repeated only as its `Repeat` allows. A transaction's
 * work runs at most once: a connection that breaks in it, or before its COMMIT was acknowledged, rejects with
 * LxError 'database.unavailable', because then nobody here knows whether it took effect.
 */
export class PoolSession implements Session {
  #closed = false;

  constructor(
    readonly source: DataSource,
    readonly patienceMs: number,
  ) {}

  async read<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    const result = await this.#ask(sql, values, true);
    return result.rows as T[];
  }

  async write(sql: string, values: readonly unknown[], repeat: Repeat): Promise<Outcome> {
    const result = await this.#ask(sql, values, repeat.kind !== 'never', repeat.kind === 'own-key' ? repeat.constraint : null);
    return { count: result.rowCount ?? 0, repeated: result.repeated };
  }

  /** One transaction, READ COMMITTED. */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { runner, client } = await this.#begin(Date.now() + this.patienceMs);
    try {
      const session = new TransactionSession(client);
      const result = await work(session).catch(async (error: unknown) => {
        await client.query('ROLLBACK').catch(() => {}); // a connection that broke has rolled back
        throw error;
      });
      await session.commit();
      return result;
    } finally {
      await runner.release();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.source.isInitialized) await this.source.destroy();
  }

  async #ask(
    sql: string,
    values: readonly unknown[],
    repeatable: boolean,
    ownKey: string | null = null,
  ): Promise<Pick<QueryResult, 'rows' | 'rowCount'> & { repeated: boolean }> {
    const deadline = Date.now() + this.patienceMs;
    for (let repeated = false; ; repeated = true) {
      const { runner, client } = await this.#connect(deadline);
      try {
        const { rows, rowCount } = await client.query(sql, values as unknown[]);
        return { rows, rowCount, repeated };
      } catch (error) {
        if (!isConnectionFailure(error)) {
          const problem = translated(error);
          if (repeated && problem instanceof RowConflict && problem.constraint === ownKey) return { rows: [], rowCount: 1, repeated };
          throw problem;
        }
        if (!repeatable || Date.now() > deadline) throw unavailable(error);
        await delay(firstPauseMs);
      } finally {
        await runner.release();
      }
    }
  }

  /** BEGIN is harmless to repeat: until it is answered nothing has been done. */
  async #begin(deadline: number): Promise<{ runner: QueryRunner; client: PoolClient }> {
    for (;;) {
      const { runner, client } = await this.#connect(deadline);
      try {
        await client.query('BEGIN');
        return { runner, client };
      } catch (error) {
        await runner.release();
        if (!isConnectionFailure(error) || Date.now() > deadline) throw unavailable(error);
        await delay(firstPauseMs);
      }
    }
  }

  async #connect(deadline: number): Promise<{ runner: QueryRunner; client: PoolClient }> {
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      if (this.#closed) throw unavailable(new Error('the store is closed'));
      const runner = this.source.createQueryRunner();
      try {
        return { runner, client: (await runner.connect()) as PoolClient };
      } catch (error) {
        await runner.release();
        if (!isConnectionFailure(error)) throw error;
        if (Date.now() + pause > deadline) throw unavailable(error);
        await delay(pause);
      }
    }
  }
}

/** Statements inside a transaction: nothing is repeated, the transaction as a whole fails. */
class TransactionSession implements Session {
  /** A connection does one statement at a time: callers that do not wait for each other are put in a row here. */
  #last: Promise<unknown> = Promise.resolve();
  #failure: unknown = null;

  constructor(readonly client: PoolClient) {}

  async read<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.#ask(sql, values)).rows as T[];
  }

  async write(sql: string, values: readonly unknown[]): Promise<Outcome> {
    return { count: (await this.#ask(sql, values)).rowCount ?? 0, repeated: false };
  }

  /** After a failed statement Postgres answers COMMIT with a rollback; that failure is thrown, also if `work` caught it. */
  async commit(): Promise<void> {
    const { command } = await this.#ask('COMMIT', []);
    if (command !== 'COMMIT') throw this.#failure;
  }

  #ask(sql: string, values: readonly unknown[]): Promise<QueryResult> {
    const answer = this.#last.then(() => this.#send(sql, values));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #send(sql: string, values: readonly unknown[]): Promise<QueryResult> {
    try {
      return await this.client.query(sql, values as unknown[]);
    } catch (error) {
      const failure = isConnectionFailure(error) ? unavailable(error) : translated(error);
      this.#failure ??= failure;
      throw failure;
    }
  }
}
