import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { DataSource } from 'typeorm';
import { delay } from '#lib/base';
import { migrations } from '../../../migrations/index.ts';
import { entities } from './entities/index.ts';
import { isConnectionFailure, unavailable } from './postgres/failures.ts';
import { Connections } from './postgres/connections.ts';
import { PoolSession } from './postgres/pool-session.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import type { Store } from './store.ts';

/** A server behind a Unix socket with peer authentication: what EmbeddedPostgres offers. */
export interface SocketAddress {
  /** Directory of the socket. */
  host: string;
  user: string;
  database: string;
}

export type StoreAddress = { databaseUrl: string } | { socket: SocketAddress };

const poolSize = 8;
/** Any number that no other program's advisory locks in this database use. */
const migrationLock = 7_163_420_118;

/**
 * Connects, brings the schema up to date and returns the store. Daemons that start together take turns with the
 * migrations. LxError 'database.unavailable' when no server answers within `patienceMs`; the store's calls wait as long.
 */
export async function openStore(address: StoreAddress, patienceMs = 10_000): Promise<Store> {
  const source = await connected(address, patienceMs);
  try {
    await migrate(source);
  } catch (error) {
    await source.destroy();
    throw error;
  }
  return new PostgresStore(new PoolSession(new Connections(source), patienceMs));
}

/** Options of the data source; exported for the spec that compares entities and migrations. */
export function dataSource(address: StoreAddress): DataSource {
  const target = 'databaseUrl' in address ? { connectionString: address.databaseUrl } : address.socket;
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
    extra: { ...target, connectionTimeoutMillis: 3000, idleTimeoutMillis: 60_000, keepAlive: true, types: { getTypeParser } },
  });
}

async function connected(address: StoreAddress, patienceMs: number): Promise<DataSource> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const source = dataSource(address);
    try {
      return await source.initialize();
    } catch (error) {
      if (!isConnectionFailure(error)) throw error;
      if (Date.now() > deadline) throw unavailable(error);
      await delay(100);
    }
  }
}

async function migrate(source: DataSource): Promise<void> {
  const runner: QueryRunner = source.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await source.runMigrations({ transaction: 'each' });
    await runner.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
  } finally {
    await runner.release();
  }
}

/** bigint as a number: sizes and event ids stay far below 2^53. */
function getTypeParser(type: number, format?: 'text' | 'binary'): unknown {
  if (type === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(type, format as 'text');
}
