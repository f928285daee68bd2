import type { PoolClient, QueryResult } from 'pg';
import { Deferred, delay } from '#lib/base';
import type { CachedTable } from './cache.ts';
import type { Connections } from './connections.ts';
import { isConnectionFailure, isDiskFull, spoilsConnection, unavailable } from './failures.ts';
import type { Outcome, Session } from './session.ts';
import { type Disk, inWords, pauseMs, query } from './statement.ts';

/** What a transaction needs of the session that it is one of. */
export interface TransactionGround {
  readonly connections: Connections;
  readonly patienceMs: number;
  readonly disk: Disk;
  readonly traffic: { statements: number; commits: number };
  timeFor(deadline: number): number;
}

/** Asked before BEGIN was answered. */
interface Early {
  sql: string;
  values: readonly unknown[];
  answer: Deferred<QueryResult>;
  /** What the connection in use makes of it. */
  sent: Promise<QueryResult> | null;
}

/**
 * Statements inside a transaction: nothing is repeated, the transaction as a whole fails. Those whose callers do not wait
 * for each other are on their way together and are answered in their order. The first ones go out right behind BEGIN; until
 * that is answered nothing has been done, so on a connection that turns out dead all of it is sent again on another.
 */
export class TransactionSession implements Session {
  readonly #ground: TransactionGround;
  readonly #begun: Promise<void>;
  /** null before BEGIN is sent, and when that has failed for good. */
  #client: PoolClient | null = null;
  /** null once BEGIN is answered. */
  #early: Early[] | null = [];
  #failure: unknown = null;
  /** The connection must not be used again. */
  #spoilt = false;
  /** COMMIT or ROLLBACK is sent: a statement behind it would be none of this transaction. */
  #over = false;
  /** Tables that were written. */
  readonly changed = new Set<CachedTable>();

  constructor(ground: TransactionGround) {
    this.#ground = ground;
    this.#begun = this.#begin();
    this.#begun.catch(() => {}); // told to whoever asks for something, and by `commit`
  }

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
    this.#ground.traffic.statements++;
    return (await this.#ask(sql, values)).rows as T[];
  }

  async write(sql: string, values: readonly unknown[]): Promise<Outcome> {
    this.#ground.traffic.statements++;
    return { count: (await this.#ask(sql, values)).rowCount ?? 0, repeated: false };
  }

  /** After a failed statement Postgres answers COMMIT with a rollback; that failure is thrown, also if `work` caught it. */
  async commit(): Promise<void> {
    this.#ground.traffic.commits++;
    const committing = this.#ask('COMMIT', []);
    this.#over = true;
    const { command } = await committing;
    if (command !== 'COMMIT') throw this.#failure;
  }

  /** Never rejects: a connection that broke has rolled back, and one that hangs is given up. */
  async rollback(): Promise<void> {
    await this.#begun.catch(() => {});
    const rolling = !this.#client || this.#spoilt || this.#over ? null : this.#ask('ROLLBACK', []).catch(() => {});
    this.#over = true;
    await rolling;
  }

  /** Gives the connection back, at the end. */
  release(): void {
    this.#client?.release(this.#spoilt);
  }

  async #begin(): Promise<void> {
    try {
      await this.#beginSomewhere();
      for (const { answer, sent } of this.#early ?? []) answer.resolve(sent as Promise<QueryResult>);
    } catch (error) {
      for (const { answer } of this.#early ?? []) answer.reject(error);
      throw error;
    } finally {
      this.#early = null;
    }
  }

  async #beginSomewhere(): Promise<void> {
    const ground = this.#ground;
    const deadline = Date.now() + ground.patienceMs;
    for (;;) {
      const client = await ground.connections.take(deadline);
      const beginning = query(client, 'BEGIN', [], ground.timeFor(deadline));
      this.#client = client;
      for (const early of this.#early ?? []) this.#send(client, early);
      try {
        await beginning;
        return;
      } catch (error) {
        this.#client = null;
        client.release(true);
        if (!isConnectionFailure(error)) throw inWords(error, ground.disk);
        if (Date.now() > deadline) throw unavailable(error);
        await delay(pauseMs);
      }
    }
  }

  #send(client: PoolClient, early: Early): void {
    early.sent = query(client, early.sql, early.values, this.#ground.patienceMs / 2);
    early.sent.catch(() => {}); // told by `answer`, unless it is sent again
  }

  #answered(sql: string, values: readonly unknown[]): Promise<QueryResult> {
    if (!this.#early) return this.#client ? query(this.#client, sql, values, this.#ground.patienceMs / 2) : this.#begun.then(notBegun);
    const early: Early = { sql, values, answer: new Deferred(), sent: null };
    this.#early.push(early);
    if (this.#client) this.#send(this.#client, early);
    return early.answer.promise;
  }

  /** What follows a failed statement fails because of that one. */
  async #ask(sql: string, values: readonly unknown[]): Promise<QueryResult> {
    if (this.#over) throw new Error('the transaction is over');
    try {
      return await this.#answered(sql, values);
    } catch (error) {
      if (!this.#client) throw error;
      this.#spoilt ||= spoilsConnection(error);
      const { disk } = this.#ground;
      // The transaction fails all the same; who repeats it finds the room.
      if (isDiskFull(error)) disk.makeRoom();
      this.#failure ??= isConnectionFailure(error) ? unavailable(error) : inWords(error, disk);
      throw this.#failure;
    }
  }
}

function notBegun(): never {
  throw new Error('the transaction did not begin');
}
