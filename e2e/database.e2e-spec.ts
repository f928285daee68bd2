import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlOn } from '../libs/store/src/testing.ts';
import { withChildren } from '../libs/store/src/embedded/postmaster.ts';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
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

describe('a Postgres that hangs', () => {
  it('is said to be away, and does not keep the daemon from ending', async () => {
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
