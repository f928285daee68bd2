import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withChildren } from '../libs/store/src/embedded/postmaster.ts';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

/** Start time of a process in clock ticks since boot: the same number means the same process (proc(5)). */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

describe('kill -9 of the daemon', () => {
  it('is not noticed by a running instance, which the next daemon takes over', async () => {
    await daemon.launchInstance('s1');
    await daemon.addressed('s1');
    await daemon.exec('s1', ['sh', '-c', 'for n in 1 2 3 4 5; do echo line $n; done > /dev/console']);
    const pid = (await daemon.client.instances.state('s1')).pid;
    const started = await startTime(pid);
    // Writes on while nobody listens, once a tenth of a second, until it is told to end.
    await daemon.exec('s1', [
      'sh',
      '-c',
      '(n=0; while [ ! -e /stop ]; do n=$((n+1)); echo tick $n > /dev/console; usleep 100000; done; echo ticked $n > /dev/console; touch /stopped) >/dev/null 2>&1 &',
    ]);
    await daemon.kill();
    await daemon.launch();
    const after = await daemon.client.instances.getFull('s1');
    expect(after.status).toBe('Running');
    expect(after.state?.pid).toBe(pid);
    expect(await startTime(pid)).toBe(started);
    expect(after.state?.network?.eth0?.addresses.some((address) => address.family === 'inet')).toBe(true);
    expect((await daemon.exec('s1', ['sh', '-c', 'touch /stop; while [ ! -e /stopped ]; do usleep 10000; done; exit 3'])).code).toBe(3);
    const log = (await daemon.client.instances.consoleLog('s1')).toString();
    const last = Number(/ticked (\d+)/.exec(log)?.[1]);
    expect(last).toBeGreaterThan(2);
    expect([...log.matchAll(/tick (\d+)/g)].map((match) => Number(match[1]))).toEqual(Array.from({ length: last }, (_, at) => at + 1));
    await daemon.done(daemon.client.instances.setState('s1', { action: 'stop', timeout: 10, force: false }));
    await daemon.done(daemon.client.instances.delete('s1'));
  });

  it('does not hide that an instance powered itself off or rebooted meanwhile', async () => {
    await Promise.all([daemon.launchInstance('off'), daemon.launchInstance('again')]);
    const before = (await daemon.client.instances.state('again')).pid;
    const offPid = (await daemon.client.instances.state('off')).pid;
    await daemon.exec('off', ['sh', '-c', '(usleep 300000; poweroff -f) >/dev/null 2>&1 &']);
    await daemon.exec('again', ['sh', '-c', '(usleep 300000; reboot -f) >/dev/null 2>&1 &']);
    await daemon.kill();
    await gone(offPid);
    await gone(before);
    await daemon.launch();
    expect((await daemon.client.instances.get('off')).status).toBe('Stopped');
    const again = await daemon.client.instances.state('again');
    expect(again.status).toBe('Running');
    expect(again.pid).not.toBe(before);
    expect((await daemon.exec('again', ['true'])).code).toBe(0);
    await Promise.all([daemon.remove('off'), daemon.remove('again')]);
  });
});

describe('a shutdown of the server', () => {
  it('stops what runs, which the next start brings up again and says so', async () => {
    await Promise.all([daemon.launchInstance('b1'), daemon.launchInstance('b2', 'busybox', { config: { 'boot.autostart': 'false' } })]);
    const ended = daemon.ended();
    await daemon.client.api.send('PUT', '/internal/shutdown?force=true');
    await ended;
    await daemon.launch();
    await vi.waitFor(async () => expect((await daemon.client.instances.get('b1')).status).toBe('Running'), { timeout: 60_000 });
    expect(daemon.log).toMatch(/"count":1,"instances":\["b1"\],"msg":"instances are being started"/);
    expect((await daemon.client.instances.get('b2')).status).toBe('Stopped');
    await Promise.all([daemon.remove('b1'), daemon.remove('b2')]);
  });
});

describe('kill -9 of the embedded Postgres', () => {
  it('brings it back, loses no acknowledged write and stops no instance', async () => {
    await daemon.launchInstance('p1');
    const pid = (await daemon.client.instances.state('p1')).pid;
    const acknowledged: string[] = [];
    for (let n = 0; n < 3; n++) {
      for (let k = 0; k < 5; k++) {
        const name = `k${n}-${k}`.replace(/^k/, 'k');
        await daemon.done(daemon.client.instances.create({ name, source: { type: 'none' } }));
        acknowledged.push(name);
      }
      const postmaster = await daemon.postgresPid();
      const server = await withChildren(postmaster);
      process.kill(postmaster, 'SIGKILL');
      // Its backends outlive it for a moment, and a transaction that is broken in one is refused: nobody knows its outcome.
      await Promise.all(server.map(gone));
    }
    const names = (await daemon.client.instances.list()).map((each) => each.name);
    expect(names).toEqual(expect.arrayContaining(acknowledged));
    expect((await daemon.client.instances.state('p1')).pid).toBe(pid);
    await Promise.all([...acknowledged, 'p1'].map((name) => daemon.remove(name)));
  });
});

/** Waits for the end of a process that is no child, without asking again and again: its pidfd says so. */
async function gone(pid: number): Promise<void> {
  const { LinuxProcesses } = await import('#lib/host');
  const handle = await new LinuxProcesses().open(pid);
  await handle?.ended;
  handle?.close();
}
