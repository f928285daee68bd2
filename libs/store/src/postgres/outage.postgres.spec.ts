import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxError } from '#lib/contract';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';
import type { TestCluster } from '../testing.ts';
import { sqlOn, startTestCluster, testServer } from '../testing.ts';

let cluster: TestCluster;
let store: Store;
beforeAll(async () => {
  cluster = await startTestCluster({ durable: true });
  store = await cluster.newStore();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

const network = (name: string) => ({ id: randomUUID(), project: 'default', name, type: 'bridge', description: '', config: {} });

describe('a Postgres that is killed', () => {
  it('comes back, and no acknowledged write is lost', async () => {
    const acknowledged: string[] = [];
    const outcomes = { written: 0, unavailable: 0 };
    let over = false;
    const writer = async (kind: 'insert' | 'tx', n: number) => {
      for (let i = 0; !over; i++) {
        const name = `${kind}-${n}-${i}`;
        try {
          if (kind === 'insert') await store.networks.insert(network(name));
          else await store.tx(async (tx) => void (await tx.networks.insert(network(name))));
          acknowledged.push(name);
          outcomes.written++;
        } catch (error) {
          // A transaction in flight may say that nobody knows; nothing else may be said.
          expect(error).toBeInstanceOf(LxError);
          expect((error as LxError).code).toBe('database.unavailable');
          expect(kind).toBe('tx');
          outcomes.unavailable++;
        }
      }
    };
    const writers = [1, 2, 3, 4].map((n) => writer(n % 2 ? 'insert' : 'tx', n));
    for (let kills = 0; kills < 3; kills++) {
      const before = acknowledged.length;
      while (acknowledged.length < before + 200) await store.instances.list('other');
      const { pid } = cluster.server;
      process.kill(pid as number, 'SIGKILL');
      while (cluster.server.pid === pid || cluster.server.pid === null) await store.instances.list('other');
      const reached = acknowledged.length;
      while (acknowledged.length < reached + 50) await store.instances.list('other');
    }
    over = true;
    await Promise.all(writers);
    const found = new Set((await store.networks.list('default')).map((row) => row.name));
    expect(acknowledged.filter((name) => !found.has(name))).toEqual([]);
    // Each kill can leave the outcome of the transactions in flight open, no more.
    expect(outcomes.unavailable).toBeLessThanOrEqual(6);
  }, 60_000);

  it('answers reads and writes on connections that the server closed', async () => {
    await store.config.set({ before: '1' });
    const kill = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()';
    const database = { ...cluster.server.address, database: 'spec_1' };
    await sqlOn(database, kill);
    const row = network('after');
    await Promise.all([store.config.all(), store.networks.insert(row), store.tx((tx) => tx.config.set({ after: '2' }))]);
    expect(await store.config.all()).toEqual({ before: '1', after: '2' });
    await sqlOn(database, kill);
    await store.networks.delete(row.id);
    expect(await store.networks.get('default', 'after')).toBeNull();
  }, 30_000);
});

describe('a Postgres that stays away', () => {
  it('is waited for, then reported', async () => {
    const away = await startTestCluster();
    const waiting = await openStore({ socket: await away.newDatabase() }, testServer(), { patienceMs: 1000 });
    await away.server.stop();
    const since = Date.now();
    const failures = await Promise.all([
      waiting.config.all().catch((error: unknown) => error),
      waiting.config.set({ a: 'b' }).catch((error: unknown) => error),
      waiting.tx((tx) => tx.config.all()).catch((error: unknown) => error),
    ]);
    expect(Date.now() - since).toBeGreaterThan(500);
    for (const failure of failures) expect((failure as LxError).code).toBe('database.unavailable');
    await waiting.close();
    await away.stop();
  }, 60_000);
});
