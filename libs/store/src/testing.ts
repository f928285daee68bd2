import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from './embedded/embedded-postgres.ts';
import type { SocketAddress } from './open-store.ts';
import { openStore } from './open-store.ts';
import type { ServerIdentity } from './rows.ts';
import type { Store } from './store.ts';

export { MemoryStore } from './fake/index.ts';

/** A Postgres of a spec's own. */
export interface TestCluster {
  readonly server: EmbeddedPostgres;
  /** An empty database. */
  newDatabase(): Promise<SocketAddress>;
  /** A store on a database of its own; the cluster closes it. */
  newStore(): Promise<Store>;
  /** Stops the server and deletes its directory. */
  stop(): Promise<void>;
}

/**
 * One a spec file (initdb takes 0.6 s): `beforeAll(async () => { cluster = await startTestCluster(); }, 60_000)`.
 * Without fsync, unless `durable`: the checkpoint of many small databases takes seconds on a busy disk.
 */
export async function startTestCluster(options: { durable?: boolean } = {}): Promise<TestCluster> {
  const stateDir = await temporaryFolder();
  // Stores of all tests of a file stay open to its end.
  const settings: Record<string, string> = { max_connections: '200', ...(options.durable ? {} : { fsync: 'off' }) };
  const server = new EmbeddedPostgres({ stateDir, runDir: join(stateDir, 'run'), watch: pollingWatch, settings });
  await server.start();
  const stores: Store[] = [];
  let databases = 0;
  const newDatabase = async () => {
    const database = `spec_${++databases}`;
    await sqlOn(server.address, `CREATE DATABASE ${database}`);
    return { ...server.address, database };
  };
  return {
    server,
    newDatabase,
    newStore: async () => {
      const store = await openStore({ socket: await newDatabase() }, testServer());
      stores.push(store);
      return store;
    },
    stop: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await server.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

export function testServer(change: Partial<ServerIdentity> = {}): ServerIdentity {
  return { id: randomUUID(), name: 'spec', address: '/nowhere/unix.socket', version: '0.0.0', ...change };
}

/** Under /tmp and 0755, because the server's user has to pass. */
export async function temporaryFolder(prefix = 'lxctl-spec-'): Promise<string> {
  const folder = await mkdtemp(join('/tmp', prefix));
  await chmod(folder, 0o755);
  return folder;
}

/** One statement on a connection of its own. */
export async function sqlOn<T extends object>(address: SocketAddress, sql: string): Promise<T[]> {
  const client = new pg.Client({ ...address });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Watches a process by looking; the daemon uses a pidfd. */
export function pollingWatch(pid: number): { ended: Promise<void> } {
  const ended = new Promise<void>((done) => {
    const timer = setInterval(async () => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
      if (stat !== null && !/\) [ZX] /.test(stat)) return;
      clearInterval(timer);
      done();
    }, 20);
    timer.unref();
  });
  return { ended };
}
