import pg from 'pg';
import { delay } from '#lib/base';
import type { ServerIdentity } from '../rows.ts';
import { isConnectionFailure, unavailable } from './failures.ts';

/** Of the advisory lock. Any number that no other program's advisory locks in this database use. */
const lockKey = 7_163_420_118;
/** How long a daemon that is just ending may take to give the database up: of the patience. */
const handover = 0.2;
const firstPauseMs = 20;
const longestPauseMs = 1000;
const heartbeatMs = 30_000;

/** Another daemon has the database. The message is a whole sentence that says which. */
class DatabaseOwned extends Error {
  override name = 'DatabaseOwned';
}

const holderSql = `
  SELECT activity.application_name AS name, activity.backend_start AS since
  FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
  WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND ((classid::bigint << 32) | objid::bigint) = $1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const enterSql = `
  INSERT INTO server (id, name, address, version, epoch, heartbeat)
  VALUES ($1, $2, $3, $4, (SELECT COALESCE(max(epoch), 0) + 1 FROM server), now())
  ON CONFLICT (id) DO UPDATE SET name = $2, address = $3, version = $4, epoch = excluded.epoch, heartbeat = now()
  RETURNING epoch`;

/**
 * The database is one daemon's. Its server holds a session's advisory lock on a connection that does nothing else. When
 * that connection breaks, the lock is taken again at once; when another server took it in between, which its higher epoch
 * shows, `lost` is called, once, and this daemon must write nothing more.
 */
export class Ownership {
  readonly #connection: pg.ClientConfig;
  readonly #server: ServerIdentity;
  readonly #lost: (reason: string) => void;
  readonly #handoverMs: number;
  readonly #closed = new AbortController();
  #client: pg.Client;
  #epoch = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    parts: { connection: pg.ClientConfig; server: ServerIdentity; handoverMs: number; lost: (reason: string) => void },
    client: pg.Client,
  ) {
    this.#connection = parts.connection;
    this.#server = parts.server;
    this.#lost = parts.lost;
    this.#handoverMs = parts.handoverMs;
    this.#client = client;
  }

  /** Rejects with DatabaseOwned, or with LxError 'database.unavailable' when no server answers within `patienceMs`. */
  static async take(
    connection: pg.ClientConfig,
    server: ServerIdentity,
    patienceMs: number,
    lost: (reason: string) => void,
  ): Promise<Ownership> {
    // A statement on the lock's connection that takes longer means that the connection is dead.
    const config = { ...connection, application_name: applicationName(server.id), query_timeout: patienceMs };
    const handoverMs = patienceMs * handover;
    const deadline = Date.now() + patienceMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      try {
        const client = await connected(config);
        try {
          await lock(client, server, Math.min(deadline, Date.now() + handoverMs), deadline);
          return new Ownership({ connection: config, server, handoverMs, lost }, client);
        } catch (error) {
          await client.end().catch(() => {});
          throw error;
        }
      } catch (error) {
        if (!isConnectionFailure(error)) throw error;
        if (Date.now() > deadline) throw unavailable(error);
        await delay(pause);
      }
    }
  }

  /** Once the tables are there: writes down who has the database, takes over rows that name no server, and watches the lock. */
  async enter(): Promise<void> {
    const { id, name, address, version } = this.#server;
    const { rows } = await this.#client.query<{ epoch: number }>(enterSql, [id, name, address, version]);
    this.#epoch = rows[0]?.epoch ?? 0;
    for (const table of ['instance', 'operation'])
      await this.#client.query(`UPDATE ${table} SET server_id = $1 WHERE server_id IS NULL`, [id]);
    this.#watch(this.#client);
    this.#timer = setInterval(() => void this.#beat(), heartbeatMs);
    this.#timer.unref();
  }

  /** Gives the database up. Never rejects and never hangs. */
  async release(): Promise<void> {
    this.#closed.abort();
    clearInterval(this.#timer);
    const enough = new AbortController();
    await Promise.race([this.#client.end().catch(() => {}), delay(this.#handoverMs, enough.signal)]);
    enough.abort();
    cut(this.#client);
  }

  async #beat(): Promise<void> {
    const client = this.#client;
    // A connection that does not answer is cut, which its 'end' tells.
    await client.query('UPDATE server SET heartbeat = now() WHERE id = $1', [this.#server.id]).catch((error: unknown) => {
      if (isConnectionFailure(error)) cut(client);
    });
  }

  #watch(client: pg.Client): void {
    client.once('end', () => {
      if (!this.#closed.signal.aborted) void this.#retake();
    });
  }

  async #retake(): Promise<void> {
    const { signal } = this.#closed;
    for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
      let client: pg.Client | null = null;
      try {
        client = await connected(this.#connection);
        await lock(client, this.#server, Date.now() + this.#handoverMs, Infinity);
        const { rows } = await client.query<{ epoch: number }>('SELECT max(epoch) AS epoch FROM server');
        if (rows[0]?.epoch !== this.#epoch)
          throw new DatabaseOwned('Another daemon took the database while the connection to it was lost.');
        if (signal.aborted) return cut(client);
        this.#client = client;
        this.#watch(client);
        return;
      } catch (error) {
        if (client) cut(client);
        if (error instanceof DatabaseOwned) return this.#lost(error.message);
        await delay(pause, signal);
      }
    }
  }
}

/** Takes the lock, or waits for it: for a daemon that is ending a moment, for this server's own former connection longer. */
async function lock(client: pg.Client, server: ServerIdentity, deadline: number, ownDeadline: number): Promise<void> {
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [lockKey]);
    if (rows[0]?.taken) return;
    const holder = (await client.query<{ name: string; since: Date }>(holderSql, [lockKey])).rows[0];
    const own = holder?.name === applicationName(server.id);
    if (holder && Date.now() + pause > (own ? ownDeadline : deadline)) throw new DatabaseOwned(await sentence(client, holder, own));
    await delay(pause);
  }
}

async function sentence(client: pg.Client, holder: { name: string; since: Date }, own: boolean): Promise<string> {
  const since = `since ${holder.since.toISOString()}`;
  if (own) return `A daemon with this server's own identity (a copy of its state directory?) has the database ${since}.`;
  const id = holder.name.replace(applicationName(''), '');
  const known = await client
    .query<ServerIdentity>('SELECT name, address, version FROM server WHERE id::text = $1', [id])
    .then(({ rows }) => rows[0])
    .catch(() => undefined);
  const who = known ? `"${known.name}" at ${known.address} (version ${known.version})` : `"${holder.name}"`;
  return `The database belongs to another daemon: ${who} has had it ${since}. One database serves one daemon; give this one its own (LXCTL_DATABASE_URL).`;
}

async function connected(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  client.on('error', () => {}); // 'end' follows
  try {
    await client.connect();
    return client;
  } catch (error) {
    cut(client);
    throw error;
  }
}

function cut(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

function applicationName(serverId: string): string {
  return `lxctld ${serverId}`;
}
