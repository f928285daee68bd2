import pg from 'pg';
import { DataSource } from 'typeorm';
import { migrations } from '../../../migrations/index.ts';
import { entities } from './entities/index.ts';
import { isConnectionFailure, unavailable } from './postgres/failures.ts';
import { Cache } from './postgres/cache.ts';
import { ChangeListener } from './postgres/change-listener.ts';
import { Connections } from './postgres/connections.ts';
import { Ownership } from './postgres/ownership.ts';
import { PoolSession } from './postgres/pool-session.ts';
import { type Disk, foreignDisk } from './postgres/statement.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import { bringUpToDate } from './postgres/schema.ts';
import type { ServerIdentity } from './rows.ts';
import type { Store } from './store.ts';

/** A server behind a Unix socket with peer authentication: what EmbeddedPostgres offers. */
export interface SocketAddress {
  /** Directory of the socket. */
  host: string;
  user: string;
  database: string;
}

export type StoreAddress = { databaseUrl: string } | { socket: SocketAddress };

export interface OpenOptions {
  /** How long a database that does not answer is waited for, and by the store's calls later. All other deadlines follow from it. */
  patienceMs?: number;
  /** The disk of the database, where this server knows it. */
  disk?: Disk;
  /** Called once when another server has taken the database: this one must end. */
  lost?: (reason: string) => void;
}

const poolSize = 8;
/** Of the patience: what one connection may take to be made, and all of them to say goodbye. */
const connecting = 0.3;

/**
 * Takes the database for this server, brings the schema up to date and returns the store. Rows that are made through it
 * name the server, and only those of this server are seen where it matters what runs. Rejects with DatabaseOwned when
 * another daemon has the database, with SchemaIsNewer, or with LxError 'database.unavailable' when no server answers in time.
 */
export async function openStore(address: StoreAddress, server: ServerIdentity, options: OpenOptions = {}): Promise<Store> {
  const { patienceMs = 10_000, lost = () => {}, disk = foreignDisk } = options;
  const within = patienceMs * connecting;
  const client = { ...target(address), ...kept(within) };
  const ownership = await Ownership.take(client, server, patienceMs, lost);
  let source: DataSource | null = null;
  try {
    source = await dataSource(address, server.id, within).initialize();
    await bringUpToDate(source, server.version);
    await ownership.enter();
  } catch (error) {
    await source?.destroy();
    await ownership.release();
    throw isConnectionFailure(error) ? unavailable(error) : error;
  }
  const cache = new Cache();
  const listener = new ChangeListener(cache, () => new pg.Client(client));
  const connections = new Connections(source, within);
  return new PostgresStore(new PoolSession(connections, patienceMs, cache, disk), listener, () => ownership.release());
}

function kept(connectWithinMs: number) {
  return { connectionTimeoutMillis: connectWithinMs, keepAlive: true };
}

/** `options` of the session, beside those in the URL. The columns server_id take their default from it. */
function target(address: StoreAddress, options?: string): pg.ClientConfig {
  if ('socket' in address) return { ...address.socket, ...(options ? { options } : {}) };
  const url = new URL(address.databaseUrl);
  const given = url.searchParams.get('options');
  if (!given || !options) return { connectionString: address.databaseUrl, ...(options ? { options } : {}) };
  url.searchParams.set('options', `${given} ${options}`);
  return { connectionString: url.href };
}

/** Options of the data source; exported for the spec that compares entities and migrations. */
export function dataSource(address: StoreAddress, serverId: string, connectWithinMs = 3000): DataSource {
  return new DataSource({
    type: 'postgres',
    // Given, because in a bundle TypeORM's own require of it finds nothing.
    driver: pg,
    entities,
    migrations,
    migrationsTableName: 'migration',
    installExtensions: false,
    poolSize,
    applicationName: 'lxctld',
    // An idle connection that breaks is replaced when one is needed; there is nobody to tell.
    poolErrorHandler: () => {},
    extra: {
      ...target(address, `-c lxctl.server=${serverId}`),
      ...kept(connectWithinMs),
      idleTimeoutMillis: 60_000,
      // What is asked at once goes out at once; the answers come in order.
      pipeline: true,
      types: { getTypeParser },
    },
  });
}

/** bigint as a number: sizes and event ids stay far below 2^53. */
function getTypeParser(type: number, format?: 'text' | 'binary'): unknown {
  if (type === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(type, format as 'text');
}
