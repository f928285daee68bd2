import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireOperation } from '#lib/contract';
import { faultPoints } from '#lib/engine';
import { instanceOperations } from '#lib/instance';
import { TestDaemon } from '../harness/daemon.ts';
import { bridgePorts, cgroups, links, mounts, noBridgePorts, processes } from '../harness/leftovers.ts';

/**
 * The daemon kills itself (SIGKILL) at every point of every step of create, start, stop and delete. After the next
 * start the operation has either been undone or finished, and nothing is left over.
 */

let daemon: TestDaemon;
/** What is there with no instance: the nursery, dnsmasq, Postgres, the bridge. */
let quiet: Awaited<ReturnType<typeof inventory>>;

// Only the tables are read here: no step runs.
const operations = instanceOperations();

async function inventory() {
  await noBridgePorts(daemon.dir);
  const list = (path: string) => readdir(join(daemon.dir, path)).catch(() => [] as string[]);
  const command = (line: string) => line.replace(/^process \d+: /, '');
  return {
    instances: (await daemon.client.instances.list()).map((each) => each.name),
    volumes: (await daemon.client.api.get<string[]>('/1.0/storage-pools/default/volumes')).filter((url) => url.includes('/container/')),
    // Workers of Postgres come and go.
    processes: (await processes(daemon.dir))
      .map(command)
      .filter((line) => !/postgres: |lxctld\.mjs/.test(line))
      .sort(),
    mounts: await mounts(daemon.dir),
    cgroups: await cgroups(daemon.dir),
    links: [...(await links(daemon.dir)), ...(await bridgePorts(daemon.dir))],
    directories: [...(await list('storage-pools/default/containers')), ...(await list('logs'))],
    keepers: (await list('run')).filter((name) => /^[0-9a-f-]{36}\./.test(name)),
    hosts: (await Promise.all((await list('networks')).map((name) => list(join('networks', name, 'dnsmasq.hosts'))))).flat(),
  };
}

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  // Once through, so that the image is unpacked and every directory there.
  await daemon.launchInstance('warm');
  await daemon.remove('warm');
  quiet = await inventory();
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

/** Kills and restarts the daemon with the fault armed, asks for the operation, and comes back with a sound daemon. */
async function withFault(point: string, ask: () => Promise<WireOperation>): Promise<void> {
  await daemon.kill();
  await daemon.launch({ LXCTL_FAULT: point });
  await ask().catch(() => {});
  await daemon.ended();
  await daemon.launch();
}

const create = () => daemon.client.instances.create({ name: 'f', source: { type: 'image', alias: 'busybox' }, start: true });
const state = (action: 'start' | 'stop') => daemon.client.instances.setState('f', { action, force: true, timeout: 10 });

describe('killed while creating', () => {
  it.each<string>(faultPoints(operations.create))('%s', async (point) => {
    await withFault(point, create);
    // After the last commit the instance is made: then it is whole, and running as asked.
    const made = (await daemon.client.instances.list()).length > 0;
    if (made) {
      expect(point).toMatch(/launch:after$/);
      expect((await daemon.exec('f', ['true'])).code).toBe(0);
      await daemon.remove('f');
    }
    expect(await inventory()).toEqual(quiet);
  });
});

describe('killed while starting', () => {
  it.each<string>(faultPoints(operations.start))('%s', async (point) => {
    await daemon.done(daemon.client.instances.create({ name: 'f', source: { type: 'image', alias: 'busybox' } }));
    await withFault(point, () => state('start'));
    const { status } = await daemon.client.instances.get('f');
    expect(status).toBe(point.endsWith(':after') ? 'Running' : 'Stopped');
    if (status === 'Stopped') await daemon.done(state('start'));
    expect((await daemon.exec('f', ['true'])).code).toBe(0);
    await daemon.remove('f');
    expect(await inventory()).toEqual(quiet);
  });
});

describe('killed while stopping', () => {
  it.each<string>(faultPoints(operations.stop))('%s', async (point) => {
    await daemon.done(create());
    await withFault(point, () => state('stop'));
    expect((await daemon.client.instances.get('f')).status).toBe('Stopped');
    await daemon.remove('f');
    expect(await inventory()).toEqual(quiet);
  });
});

describe('killed while deleting', () => {
  it.each<string>(faultPoints(operations.delete))('%s', async (point) => {
    await daemon.done(daemon.client.instances.create({ name: 'f', source: { type: 'image', alias: 'busybox' } }));
    await withFault(point, () => daemon.client.instances.delete('f'));
    expect(await inventory()).toEqual(quiet);
  });
});
