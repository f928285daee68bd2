import { sampleInstance, sampleOperation } from '../fake/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { openStore } from '../open-store.ts';
import type { TestCluster } from '../testing.ts';
import { sqlOn, startTestCluster, testServer } from '../testing.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

const instance = (name: string) => sampleInstance(name, { power: 'running' });

const operation = () => sampleOperation({ begun: ['a'] });

describe('a database', () => {
  it('belongs to one server, and a second one is told to whom', async () => {
    const socket = await cluster.newDatabase();
    const first = await openStore({ socket }, testServer({ name: 'alpha', address: '/a/unix.socket', version: '1.2.3' }));
    const second = testServer({ name: 'beta' });
    await expect(openStore({ socket }, second, { patienceMs: 1000 })).rejects.toThrow(
      /belongs to another daemon: "alpha" at \/a\/unix\.socket \(version 1\.2\.3\) has had it since 20/,
    );
    await first.close();
    await (await openStore({ socket }, second)).close();
  }, 30_000);

  it('shows each server what is its own alone, and takes over what names none', async () => {
    const socket = await cluster.newDatabase();
    const [one, two] = [testServer({ name: 'one' }), testServer({ name: 'two' })];
    const first = await openStore({ socket }, one);
    const mine = instance('a');
    await first.instances.insert(mine);
    const left = operation();
    await first.operations.insert(left);
    await first.close();
    const second = await openStore({ socket }, two);
    expect(await second.instances.list(null)).toEqual([]);
    expect(await second.instances.get('default', 'a')).toBeNull();
    expect(await second.instances.byId(mine.id)).toBeNull();
    expect(await second.operations.unfinished({ limit: 10 })).toEqual([]);
    await second.close();
    await sqlOn(socket, 'UPDATE instance SET server_id = NULL');
    const third = await openStore({ socket }, two);
    expect((await third.instances.list(null)).map(({ name }) => name)).toEqual(['a']);
    await third.close();
    const again = await openStore({ socket }, one);
    expect((await again.operations.unfinished({ limit: 10 })).map(({ id }) => id)).toEqual([left.id]);
    await again.close();
  }, 30_000);

  const lockPid = `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'lxctld _%' AND datname = current_database()`;
  const killLock = `SELECT pg_terminate_backend(pid) FROM (${lockPid}) AS holder`;

  it('is taken again when the connection that holds it breaks', async () => {
    const socket = await cluster.newDatabase();
    const losses: string[] = [];
    const store = await openStore({ socket }, testServer(), { lost: (reason) => losses.push(reason) });
    const [before] = await sqlOn<{ pid: number }>(socket, lockPid);
    await sqlOn(socket, killLock);
    let after: { pid: number } | undefined;
    while (!after || after.pid === before?.pid) [after] = await sqlOn<{ pid: number }>(socket, lockPid);
    await expect(openStore({ socket }, testServer(), { patienceMs: 1000 })).rejects.toThrow('belongs to another daemon');
    expect(losses).toEqual([]);
    await store.close();
  }, 30_000);

  it('that another server took in between is lost, and its former owner is told', async () => {
    const socket = await cluster.newDatabase();
    const lost = new Deferred<string>();
    const store = await openStore({ socket }, testServer(), { lost: lost.resolve });
    await sqlOn(socket, `UPDATE server SET epoch = epoch + 1`);
    await sqlOn(socket, killLock);
    expect(await lost.promise).toContain('Another daemon took the database');
    await store.close();
  }, 30_000);

  it('with the schema of a later version is refused, naming both', async () => {
    const socket = await cluster.newDatabase();
    await (await openStore({ socket }, testServer({ version: '9.9.9' }))).close();
    await sqlOn(socket, `INSERT INTO migration (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`);
    await expect(openStore({ socket }, testServer({ version: '0.1.0' }))).rejects.toThrow(
      /schema Later9999999999999, made by lxctl 9\.9\.9; this is lxctl 0\.1\.0, which knows the schema up to [A-Z]\w+\d{13}\./,
    );
  }, 30_000);
});
