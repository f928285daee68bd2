import type { PoolClient, QueryResult } from 'pg';
import { delay } from '#lib/base';
import { LxError } from '#lib/contract';
import { RowConflict } from '../store.ts';
import type { Cache, CachedTable } from './cache.ts';
import type { Connections } from './connections.ts';
import { isConnectionFailure, isDiskFull, isMomentary, spoilsConnection, translated, unavailable } from './failures.ts';
import type { Outcome, Repeat, Session } from './session.ts';
import { statementName } from './statement-name.ts';

export interface Traffic {
  statements: number;
  commits: number;
}

/** Pause between two attempts at a statement. */
const pauseMs = 20;
/** A statement gets at least this long, however little is left of the patience. */
const shortestMs = 500;

/** Where the database keeps its data. */
export interface Disk {
  directory: string;
  /** Called when the disk is full; true when room was made. */
  makeRoom(): boolean;
}

/** Of a server that is not ours. */
export const foreignDisk: Disk = { directory: 'the database server', makeRoom: () => false };

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
    const client = await this.#begin(Date.now() + this.patienceMs);
    const session = new TransactionSession(client, this.patienceMs / 2, this.traffic, this.disk);
    try {
      const result = await work(session).catch(async (error: unknown) => {
        await session.rollback();
        throw error;
      });
      await session.commit();
      return result;
    } finally {
      for (const table of session.changed) this.cache.changed(table);
      client.release(session.spoilt);
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
        const { rows, rowCount } = await query(client, sql, values, this.#time(deadline));
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

  /** BEGIN is harmless to repeat: until it is answered nothing has been done. */
  async #begin(deadline: number): Promise<PoolClient> {
    for (;;) {
      const client = await this.connections.take(deadline);
      try {
        await query(client, 'BEGIN', [], this.#time(deadline));
        return client;
      } catch (error) {
        client.release(true);
        if (!isConnectionFailure(error)) throw inWords(error, this.disk);
        if (Date.now() > deadline) throw unavailable(error);
        await delay(pauseMs);
      }
    }
  }

  #time(deadline: number): number {
    return Math.max(Math.min(this.patienceMs / 2, deadline - Date.now()), shortestMs);
  }
}

/**
 * Statements inside a transaction: nothing is repeated, the transaction as a whole fails. Those whose callers do not wait
 * for each other are on their way together and are answered in their order.
 */
class TransactionSession implements Session {
  #failure: unknown = null;
  /** The connection must not be used again. */
  spoilt = false;
  /** COMMIT or ROLLBACK is sent: a statement behind it would be none of this transaction. */
  #over = false;
  /** Tables that were written. */
  readonly changed = new Set<CachedTable>();

  constructor(
    readonly client: PoolClient,
    readonly timeMs: number,
    readonly traffic: Traffic,
    readonly disk: Disk,
  ) {}

  /** Reads see what this transaction wrote, so nothing is kept of them. */
  about(table: CachedTable): Session {
    return {
      about: (other) => this.about(other),
      read: (sql, values) => this.read(sql, values),
      write: (sql, values) => {
        this.changed.add(table);
        return this.write(sql, values);
      },
    };
  }

  async read<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    this.traffic.statements++;
    return (await this.#ask(sql, values)).rows as T[];
  }

  async write(sql: string, values: readonly unknown[]): Promise<Outcome> {
    this.traffic.statements++;
    return { count: (await this.#ask(sql, values)).rowCount ?? 0, repeated: false };
  }

  /** After a failed statement Postgres answers COMMIT with a rollback; that failure is thrown, also if `work` caught it. */
  async commit(): Promise<void> {
    this.traffic.commits++;
    const committing = this.#ask('COMMIT', []);
    this.#over = true;
    const { command } = await committing;
    if (command !== 'COMMIT') throw this.#failure;
  }

  /** Never rejects: a connection that broke has rolled back, and one that hangs is given up. */
  async rollback(): Promise<void> {
    const rolling = this.spoilt || this.#over ? null : this.#ask('ROLLBACK', []).catch(() => {});
    this.#over = true;
    await rolling;
  }

  /** What follows a failed statement fails because of that one. */
  async #ask(sql: string, values: readonly unknown[]): Promise<QueryResult> {
    if (this.#over) throw new Error('the transaction is over');
    try {
      return await query(this.client, sql, values, this.timeMs);
    } catch (error) {
      this.spoilt ||= spoilsConnection(error);
      // The transaction fails all the same; who repeats it finds the room.
      if (isDiskFull(error)) this.disk.makeRoom();
      this.#failure ??= isConnectionFailure(error) ? unavailable(error) : inWords(error, this.disk);
      throw this.#failure;
    }
  }
}

function inWords(error: unknown, { directory }: Disk): unknown {
  return isDiskFull(error) ? new LxError('server.disk_full', { directory }, { cause: error }) : translated(error);
}

/** One statement, answered in so many milliseconds or given up. */
function query(client: PoolClient, text: string, values: readonly unknown[], timeMs: number): Promise<QueryResult> {
  const name = statementName(text);
  const config = { text, values: values as unknown[], query_timeout: timeMs, ...(name && { name }) };
  return client.query(config);
}
