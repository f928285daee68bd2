import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../open-store.ts';
import type { SocketAddress } from '../open-store.ts';
import type { Store } from '../store.ts';
import type { TestCluster } from '../testing.ts';
import { sqlOn, startTestCluster, testServer } from '../testing.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

const profile = (name: string) => ({ id: randomUUID(), project: 'default', name, description: '', config: {}, devices: {} });
const listeners = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Asks until the answer is kept: from then on the listener is there. */
async function kept(store: Store): Promise<void> {
  for (let before = -1; before !== store.traffic.statements; ) {
    before = store.traffic.statements;
    await store.config.all();
    if (store.traffic.statements !== before) before = -1;
    await turn();
  }
}

/** Asks until it is so. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  // A kept answer comes without the loop having turned, and what is told by others would never be read.
  while (!(await holds())) await turn();
}

/** A store that keeps answers, and its database. Somebody else is plain SQL. */
async function keeping(): Promise<{ address: SocketAddress; one: Store; close(): Promise<void> }> {
  const address = await cluster.newDatabase();
  const one = await openStore({ socket: address }, testServer());
  await kept(one);
  return { address, one, close: () => one.close() };
}

describe('what seldom changes', () => {
  it('is asked for once, and given to each caller as its own', async () => {
    const { one, close } = await keeping();
    await one.profiles.insert(profile('p'));
    await until(async () => {
      const { statements } = one.traffic;
      await one.profiles.many('default', ['p']);
      return one.traffic.statements === statements;
    });
    const [row] = await one.profiles.many('default', ['p']);
    Object.assign(row?.config ?? {}, { 'user.mine': '1' });
    expect((await one.profiles.many('default', ['p']))[0]?.config).toEqual({});
    await close();
  });

  it('is asked for anew after each write, in a transaction or not', async () => {
    const { one, close } = await keeping();
    const { id } = await one.profiles.insert(profile('p'));
    for (let n = 0; n < 50; n++) {
      const config = { 'user.n': String(n) };
      if (n % 2) await one.profiles.update(id, { config });
      else await one.tx((tx) => tx.profiles.update(id, { config }));
      expect((await one.profiles.get('default', 'p'))?.config).toEqual(config);
    }
    await close();
  });

  it('is never older than a write that has been answered, whoever else is reading', async () => {
    const { one, close } = await keeping();
    const { id } = await one.profiles.insert(profile('p'));
    let [over, written] = [false, 0];
    const readers = Array.from({ length: 4 }, async () => {
      while (!over) {
        const before = written;
        const seen = Number((await one.profiles.get('default', 'p'))?.config['user.n'] ?? 0);
        expect(seen).toBeGreaterThanOrEqual(before);
        await turn();
      }
    });
    for (let n = 1; n <= 200; n++) {
      await one.profiles.update(id, { config: { 'user.n': String(n) } });
      written = n;
    }
    over = true;
    await Promise.all(readers);
    await close();
  });

  it('is heard of when somebody else changes it', async () => {
    const { address, one, close } = await keeping();
    expect(await one.profiles.get('default', 'p')).toBeNull();
    const values = "'00000000-0000-4000-8000-000000000001', 'default', 'p', '', '{}', '{}'";
    await sqlOn(address, `INSERT INTO profile (id, project, name, description, config, devices) VALUES (${values})`);
    await until(async () => (await one.profiles.get('default', 'p')) !== null);
    await sqlOn(address, 'DELETE FROM profile');
    await until(async () => (await one.profiles.get('default', 'p')) === null);
    await sqlOn(address, "INSERT INTO server_config (key, value) VALUES ('user.a', '1')");
    await until(async () => (await one.config.all())['user.a'] === '1');
    await close();
  });

  it('is asked of the database while nobody tells of changes, and kept again after that', async () => {
    const { address, one, close } = await keeping();
    await one.profiles.insert(profile('p'));
    await until(async () => (await one.profiles.get('default', 'p')) !== null);
    for (let n = 0; n < 3; n++) {
      await sqlOn(address, `SELECT pg_terminate_backend(pid) FROM (${listeners}) AS heard`);
      // While it is deaf, and after it listens again: what is committed is seen.
      await sqlOn(address, `UPDATE profile SET description = 'change ${n}'`);
      await until(async () => (await one.profiles.get('default', 'p'))?.description === `change ${n}`);
      await kept(one);
      expect((await one.profiles.get('default', 'p'))?.description).toBe(`change ${n}`);
    }
    await close();
  }, 30_000);

  it('leaves no connection behind', async () => {
    const { address, close } = await keeping();
    await close();
    await until(async () => (await sqlOn(address, `${listeners} AND pid <> pg_backend_pid()`)).length === 0);
  });
});
