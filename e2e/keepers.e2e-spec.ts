import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

/** What the daemon does when a keeper or the nursery dies, is stopped, or loses its files. */

let daemon: TestDaemon;
const run = () => join(daemon.dir, 'run');
const state = async (name: string) => (await daemon.client.instances.get(name)).status;
const says = async (name: string) => (await daemon.exec(name, ['echo', 'well'])).stdout;
const kill = (name: string) => daemon.done(daemon.client.instances.setState(name, { action: 'stop', force: true, timeout: 10 }));
const nursery = async () => Number(await readFile(join(run(), 'nursery.pid'), 'utf8'));

async function keeperOf(name: string): Promise<number> {
  const { pid } = await daemon.client.instances.state(name);
  return Number(/^PPid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  for (const name of ['one', 'two']) await daemon.launchInstance(name);
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

describe('a keeper that is stopped', () => {
  it('does not hold up the start of the daemon, which says so, and is adopted when it answers again', async () => {
    const stopped = await keeperOf('one');
    const { pid } = await daemon.client.instances.state('one');
    process.kill(stopped, 'SIGSTOP');
    await daemon.restart();
    expect(daemon.log).toContain('does not answer: its instance is taken as running');
    expect(daemon.log).toMatch(/"count":2,"instances":\["one","two"\],"msg":"instances that run were adopted"/);
    expect([await state('one'), await state('two'), await says('two')]).toEqual(['Running', 'Running', 'well\n']);
    expect((await daemon.client.instances.state('one')).pid).toBe(pid);
    process.kill(stopped, 'SIGCONT');
    expect(await says('one')).toBe('well\n');
    expect((await daemon.client.instances.state('one')).network).toHaveProperty('eth0');
  });

  it('does not hold up a forced stop, and nothing of its instance is left', async () => {
    const [keeper, { pid }] = [await keeperOf('one'), await daemon.client.instances.state('one')];
    process.kill(keeper, 'SIGSTOP');
    await kill('one');
    expect(await state('one')).toBe('Stopped');
    // Dead, whoever has still to take note of it.
    for (const each of [keeper, pid]) expect(await readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '')).toBe('');
    await daemon.done(daemon.client.instances.setState('one', { action: 'start', force: false, timeout: 30 }));
    expect(await says('one')).toBe('well\n');
  });
});

describe('the nursery', () => {
  it('is started again when it dies, and the launch goes on', async () => {
    process.kill(await nursery(), 'SIGKILL');
    await daemon.launchInstance('three');
    expect([await says('three'), await says('two')]).toEqual(['well\n', 'well\n']);
    await daemon.remove('three');
  });

  it('is replaced when it is stopped, at a launch and at the start of the daemon', async () => {
    process.kill(await nursery(), 'SIGSTOP');
    await daemon.launchInstance('three');
    process.kill(await nursery(), 'SIGSTOP');
    await daemon.restart();
    expect([await says('three'), await says('two')]).toEqual(['well\n', 'well\n']);
    await daemon.remove('three');
  });
});

describe('the run directory', () => {
  it('is made anew when it was deleted, with the keepers that live in it', async () => {
    const before = await daemon.client.instances.state('two');
    // Keepers write into it meanwhile.
    await rm(run(), { recursive: true, maxRetries: 20 });
    await daemon.launchInstance('three');
    await daemon.restart();
    expect((await daemon.client.instances.state('two')).pid).toBe(before.pid);
    expect([await says('three'), await says('two')]).toEqual(['well\n', 'well\n']);
    await kill('two');
    await daemon.remove('three');
  });
});
