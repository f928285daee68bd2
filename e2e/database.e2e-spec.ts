import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlOn, startTestCluster, type TestCluster } from '../libs/store/src/testing.ts';
import { withChildren } from '../libs/store/src/embedded/postmaster.ts';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
/** For tests that wait until a daemon's patience is over. */
const hasty = { LXCTL_DATABASE_PATIENCE: '2' };
const sql = <T extends object>(statement: string) =>
  sqlOn<T>({ host: join(daemon.dir, 'postgres/socket'), user: 'lxctl', database: 'lxctl' }, statement);

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

async function readOnly(on: boolean): Promise<void> {
  await sql(`ALTER SYSTEM SET default_transaction_read_only = ${on ? 'on' : 'off'}`);
  await sql('SELECT pg_reload_conf()');
}

describe('a database that is read-only for moments', () => {
  it('leaves no operation behind that the next daemon would undo against what has its name by then', async () => {
    const { client } = daemon;
    let over = false;
    const toggling = (async () => {
      for (let n = 0; !over; n++) {
        await readOnly(n % 2 === 0);
        // Not a wait for anything: the failover's own rhythm, against which the clients run.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await readOnly(false);
    })();
    const refused = new Set<string>();
    const attempt = (work: Promise<unknown>) => work.catch((error: Error) => void refused.add(error.message));
    const names = [1, 2, 3, 4].map((n) => `w${n}`);
    await Promise.all(
      names.map(async (name) => {
        for (let round = 0; round < 12; round++) {
          await attempt(daemon.done(client.instances.create({ name, source: { type: 'image', alias: 'busybox' }, start: true })));
          await attempt(daemon.done(client.instances.setState(name, { action: 'stop', timeout: 5, force: true })));
          await attempt(daemon.done(client.instances.delete(name)));
        }
      }),
    );
    over = true;
    await toggling;
    // Whatever a client was told is over, is over in the journal.
    const waiting = await sql<{ kind: string }>('SELECT kind FROM operation WHERE status_code < 200');
    expect(waiting).toEqual([]);
    for (const { name, status } of await client.instances.list()) {
      if (status === 'Running') await daemon.done(client.instances.setState(name, { action: 'stop', timeout: 5, force: true }));
      await daemon.done(client.instances.delete(name));
    }
    for (const name of names) {
      await daemon.launchInstance(name);
      expect((await daemon.exec(name, ['sh', '-c', `echo ${name} > /mine`])).code).toBe(0);
    }
    await daemon.restart();
    for (const name of names) {
      expect((await client.instances.get(name)).status).toBe('Running');
      expect((await daemon.exec(name, ['cat', '/mine'])).stdout).toBe(`${name}\n`);
      await daemon.remove(name);
    }
    // Nothing but the database's own words.
    for (const message of refused) expect(message).toMatch(/database|read-only|not found|busy|already|stopped/i);
  });
});

describe('a change that waits for its operation', () => {
  it('is answered with the status of what the operation failed of', async () => {
    await daemon.done(daemon.client.instances.create({ name: 'c1', source: { type: 'none' } }));
    const statuses = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        daemon.client.api.send('PATCH', '/1.0/instances/c1', { description: `by ${n}` }).then(
          () => 200,
          (error: { status?: number }) => error.status,
        ),
      ),
    );
    expect(statuses).toContain(200);
    expect(statuses.filter((status) => status === undefined || status >= 500)).toEqual([]);
    await daemon.remove('c1');
  });
});

describe('a Postgres that hangs', () => {
  it('is said to be away, and does not keep the daemon from ending', async () => {
    await daemon.kill();
    await daemon.launch(hasty);
    await daemon.launchInstance('h1');
    const server = await withChildren(await daemon.postgresPid());
    for (const pid of server) process.kill(pid, 'SIGSTOP');
    const since = Date.now();
    const answers = await Promise.all([
      daemon.client.instances.list().catch((error: unknown) => error),
      daemon.client.instances.create({ name: 'h2', source: { type: 'none' } }).catch((error: unknown) => error),
    ]);
    for (const answer of answers) expect(answer).toMatchObject({ status: 503 });
    expect(Date.now() - since).toBeLessThan(30_000);
    const exit = once(daemon.process as NonNullable<typeof daemon.process>, 'exit');
    const ending = Date.now();
    daemon.process?.kill('SIGTERM');
    await exit;
    expect(Date.now() - ending).toBeLessThan(60_000);
    await daemon.launch();
    expect((await daemon.client.instances.list()).map(({ name, status }) => `${name} ${status}`)).toEqual(['h1 Running']);
    await daemon.remove('h1');
  });
});

describe('a database of its own server', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster({ durable: true });
  });
  const newDatabase = async () => {
    const { host, user, database } = await cluster.newDatabase();
    return { LXCTL_DATABASE_URL: `postgresql:///${database}?host=${host}&user=${user}` };
  };
  afterAll(() => cluster.stop());

  it('is refused to a second daemon, which says who has it and harms nothing', async () => {
    const env = await newDatabase();
    const first = await TestDaemon.start(env);
    await first.buildImage('busybox');
    await first.launchInstance('o1');
    const pid = (await first.client.instances.state('o1')).pid;
    await expect(TestDaemon.start(env)).rejects.toThrow(new RegExp(`belongs to another daemon: "[^"]+" at ${first.socket}`));
    expect((await first.client.instances.state('o1')).pid).toBe(pid);
    expect((await first.exec('o1', ['true'])).code).toBe(0);
    await first.remove('o1');
    expect(await first.stop()).toEqual([]);
    const second = await TestDaemon.start(env);
    expect(await second.stop()).toEqual([]);
  });

  it('that is away at the end does not keep the instances running, and the client is told', async () => {
    const own = await TestDaemon.start({ ...(await newDatabase()), ...hasty });
    await own.buildImage('busybox');
    // The next daemon would start it again, just when the test takes it down.
    await own.launchInstance('o2', 'busybox', { config: { 'boot.autostart': 'false' } });
    const { pid } = await own.client.instances.state('o2');
    const server = await withChildren(cluster.server.pid as number);
    for (const each of server) process.kill(each, 'SIGSTOP');
    const exit = once(own.process as NonNullable<typeof own.process>, 'exit');
    const answer = await own.client.api.send('PUT', '/internal/shutdown?force=true').then(
      () => null,
      (error: unknown) => error,
    );
    await exit;
    for (const each of server) process.kill(each, 'SIGCONT');
    expect(answer).toMatchObject({ status: 500, message: expect.stringContaining('stopped without a word of it in the database') });
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    await own.launch();
    expect((await own.client.instances.list()).map(({ name, status }) => `${name} ${status}`)).toEqual(['o2 Stopped']);
    expect(await own.stop()).toEqual([]);
  });
});
