import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WireOperation } from '#lib/contract';
import { faultPoints, liveFaultPoints } from '#lib/engine';
import { instanceOperations } from '#lib/instance';
import { collect } from '#lib/client';
import { TestDaemon } from '../harness/daemon.ts';
import { FaultRun } from '../harness/fault-run.ts';
import { bridgePorts, cgroups, filteredLinks, links, mounts, noBridgePorts, processes } from '../harness/leftovers.ts';

/**
 * The daemon kills itself (SIGKILL) at every point of every step of every operation on instances. After the next
 * start the operation has either been undone or finished, and nothing is left over.
 */

let daemon: TestDaemon;
/** Of the default profile. */
let network: string;
/** What is there with no instance: the nursery, dnsmasq, Postgres, the bridge. */
let quiet: Awaited<ReturnType<typeof inventory>>;

// Only the tables are read here: no step runs.
const operations = instanceOperations();

const pointsOf = {
  ...(Object.fromEntries(Object.entries(operations).map(([verb, spec]) => [verb, faultPoints(spec as never)])) as Record<
    keyof typeof operations,
    string[]
  >),
  // To and in another pool, where that differs.
  copyAcross: faultPoints(operations.copy).filter((point) => point.includes(':root:')),
  refreshAcross: faultPoints(operations.refresh).filter((point) => point.includes(':copy:')),
  freeze: liveFaultPoints('instance.freeze'),
  unfreeze: liveFaultPoints('instance.unfreeze'),
};
type Verb = keyof typeof pointsOf;

const pools = ['default', 'plain', 'second'];

async function inventory() {
  await noBridgePorts(daemon.dir);
  const list = (path: string) => readdir(join(daemon.dir, path)).catch(() => [] as string[]);
  const command = (line: string) => line.replace(/^process \d+: /, '');
  return {
    instances: (await daemon.client.instances.list()).map((each) => each.name),
    volumes: (await Promise.all(pools.map((pool) => daemon.client.api.get<string[]>(`/1.0/storage-pools/${pool}/volumes`))))
      .flat()
      .filter((url) => url.includes('/container/')),
    // Workers of Postgres come and go.
    processes: (await processes(daemon.dir))
      .map(command)
      .filter((line) => !/postgres: |lxctld\.mjs/.test(line))
      .sort(),
    mounts: await mounts(daemon.dir),
    cgroups: await cgroups(daemon.dir),
    links: [...(await links(daemon.dir)), ...(await bridgePorts(daemon.dir))],
    directories: (
      await Promise.all(
        pools.flatMap((pool) => ['containers', 'volumes', 'layers', 'unpacking'].map((name) => list(`storage-pools/${pool}/${name}`))),
      )
    ).flat(),
    logs: await list('logs'),
    homes: [...(await list('instances')), ...(await list('imports'))],
    keepers: (await list('run')).filter((name) => /^[0-9a-f-]{36}\./.test(name)),
    filtered: filteredLinks(daemon.dir),
    hosts: (await Promise.all((await list('networks')).map((name) => list(join('networks', name, 'dnsmasq.hosts'))))).flat(),
  };
}

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  await daemon.client.pools.create({ name: 'plain', driver: 'dir', description: '', config: {} });
  await daemon.client.pools.create({ name: 'second', driver: 'overlay', description: '', config: {} });
  const { config, description, devices } = await daemon.client.profiles.get('default');
  network = devices.eth0?.network ?? '';
  const eth0 = { type: 'nic', network, name: 'eth0', 'security.mac_filtering': 'true' };
  await daemon.client.profiles.replace('default', { config, description, devices: { ...devices, eth0 } });
  // Once through, so that the image is unpacked and every directory there.
  await daemon.launchInstance('warm');
  await daemon.remove('warm');
  quiet = await inventory();
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const create = () => daemon.client.instances.create({ name: 'f', source: { type: 'image', alias: 'busybox' }, start: true });
const stopped = () => daemon.client.instances.create({ name: 'f', source: { type: 'image', alias: 'busybox' } });
const state = (action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze') =>
  daemon.client.instances.setState('f', { action, force: true, timeout: 10 });
const names = async () => (await daemon.client.instances.list()).map(({ name }) => name);
const snapshotNames = async () => (await daemon.client.instances.getFull('f')).snapshots?.map(({ name }) => name) ?? [];
const snapshotted = async () => {
  await daemon.done(create());
  await daemon.done(daemon.client.instances.takeSnapshot('f', { name: 's' }));
};
const backupNames = async () => (await daemon.client.instances.backups('f')).map(({ name }) => name);
/** On the disk, of all instances. */
const backupFiles = async () => {
  const homes = await readdir(join(daemon.dir, 'instances'));
  return (await Promise.all(homes.map((home) => readdir(join(daemon.dir, 'instances', home, 'backups')).catch(() => [])))).flat();
};
const backedUp = async () => {
  await daemon.done(stopped());
  await daemon.done(daemon.client.instances.backUp('f', { name: 'b' }));
};
/** A backup of `f` with its snapshot, made once: what is imported, while there is no instance. */
let backupOfF: Buffer | null = null;
const exported = async () => {
  if (backupOfF) return;
  await snapshotted();
  await daemon.done(daemon.client.instances.backUp('f', { name: 'b' }));
  backupOfF = await collect((await daemon.client.instances.exportBackup('f', 'b')).body);
  await daemon.remove('f');
};
async function* contentOf(bytes: Buffer | null) {
  if (bytes) yield bytes;
}
const rootIn = (pool: string) => ({ type: 'disk', path: '/', pool });
const works = async (name = 'f') => expect((await daemon.exec(name, ['true'])).code).toBe(0);

/** One kind of operation. */
interface Kind {
  /** What is there before. */
  prepare?: () => Promise<unknown>;
  ask: () => Promise<WireOperation>;
  /** On the next daemon: the operation is undone or finished, and the instance sound. */
  check: (point: string) => Promise<unknown>;
}

/** At this point the last step is journaled: then it is done and stays so. */
const isDone = (kind: Verb, point: string) => point === pointsOf[kind].findLast((each) => each.endsWith(':after'));

const kinds: Record<Verb, Kind> = {
  create: {
    ask: create,
    check: async (point) => {
      const made = await names();
      expect(made).toEqual(isDone('create', point) ? ['f'] : []);
      if (made.length > 0) await works();
    },
  },
  start: {
    prepare: () => daemon.done(stopped()),
    ask: () => state('start'),
    check: async (point) => {
      const { status } = await daemon.client.instances.get('f');
      expect(status).toBe(isDone('start', point) ? 'Running' : 'Stopped');
      if (status === 'Stopped') await daemon.done(state('start'));
      await works();
    },
  },
  stop: {
    prepare: () => daemon.done(create()),
    ask: () => state('stop'),
    check: async () => expect((await daemon.client.instances.get('f')).status).toBe('Stopped'),
  },
  restart: {
    prepare: () => daemon.done(create()),
    ask: () => state('restart'),
    check: async (point) => {
      const { status, config } = await daemon.client.instances.get('f');
      // A launch that fails leaves it stopped, as it was between the two.
      if (point.endsWith(':undo')) return expect(status).toBe('Stopped');
      expect(status).toBe('Running');
      expect(config['volatile.eth0.host_name']).toMatch(/^veth/);
      expect(config['volatile.last_state.power']).toBe('RUNNING');
      await works();
    },
  },
  freeze: {
    prepare: () => daemon.done(create()),
    ask: () => state('freeze'),
    check: async (point) => expect((await daemon.client.instances.get('f')).status).toBe(isDone('freeze', point) ? 'Frozen' : 'Running'),
  },
  unfreeze: {
    prepare: async () => {
      await daemon.done(create());
      await daemon.done(state('freeze'));
    },
    ask: () => state('unfreeze'),
    // Nothing of it is journaled: the next daemon finds what the kernel had by then.
    check: async (point) => {
      const { status } = await daemon.client.instances.get('f');
      expect(status).toBe(isDone('unfreeze', point) ? 'Running' : 'Frozen');
      if (status === 'Frozen') await daemon.done(state('unfreeze'));
      await works();
    },
  },
  rename: {
    prepare: () => daemon.done(stopped()),
    ask: () => daemon.client.instances.rename('f', { name: 'g' }),
    check: async (point) => {
      const [name = '', ...others] = await names();
      expect(others).toEqual([]);
      if (isDone('rename', point)) expect(name).toBe('g');
      // Under whatever name: it is all there.
      await daemon.done(daemon.client.instances.setState(name, { action: 'start', force: true, timeout: 10 }));
      await works(name);
    },
  },
  move: {
    prepare: async () => {
      await snapshotted();
      await daemon.done(state('stop'));
    },
    ask: () => daemon.client.instances.rename('f', { name: 'f', pool: 'second' }),
    check: async (point) => {
      const { devices } = await daemon.client.instances.get('f');
      const moved = devices.root?.pool === 'second';
      if (isDone('move', point)) expect(moved).toBe(true);
      const found = await Promise.all(pools.map((pool) => readdir(join(daemon.dir, 'storage-pools', pool, 'containers'))));
      expect(found).toEqual(moved ? [[], [], ['f']] : [['f'], [], []]);
      await daemon.done(state('start'));
      await works();
      expect(await snapshotNames()).toEqual(['s']);
    },
  },
  update: {
    prepare: () => daemon.done(create()),
    ask: () =>
      daemon.client.instances.replace('f', {
        architecture: 'x86_64',
        config: { 'user.a': 'b', 'limits.processes': '77' },
        description: 'changed',
        devices: {
          eth0: { type: 'nic', network, name: 'eth0', 'limits.max': '10Mbit', 'security.mac_filtering': 'false' },
          eth1: { type: 'nic', nictype: 'p2p', name: 'eth1' },
          etc: { type: 'disk', source: '/etc', path: '/of-host' },
        },
        ephemeral: false,
        profiles: ['default'],
        stateful: false,
      }),
    check: async (point) => {
      const { description, config } = await daemon.client.instances.get('f');
      const done = isDone('update', point);
      expect([description, config['user.a'], config['limits.processes']]).toEqual(
        done ? ['changed', 'b', '77'] : ['', undefined, undefined],
      );
      expect(/^veth/.test(config['volatile.eth1.host_name'] ?? '')).toBe(done);
      const scheduler = execFileSync('tc', ['qdisc', 'show', 'dev', config['volatile.eth0.host_name'] ?? ''], { encoding: 'utf8' });
      expect(/ rate 10Mbit /.test(scheduler)).toBe(done);
      expect(filteredLinks(daemon.dir)).toEqual(done ? [] : [config['volatile.eth0.host_name']]);
      const { stdout } = await daemon.exec('f', ['sh', '-c', 'ls /of-host 2>/dev/null | wc -l; ls /sys/class/net']);
      expect(stdout.trim().split(/\s+/)).toEqual(done ? [expect.stringMatching(/^[1-9]/), 'eth0', 'eth1', 'lo'] : ['0', 'eth0', 'lo']);
      await works();
    },
  },
  copy: {
    // At rest it is cut by making its changes a layer; running ones are frozen and copied, as for a snapshot.
    prepare: async () => {
      await snapshotted();
      await daemon.done(state('stop'));
    },
    ask: () => daemon.client.instances.create({ name: 'g', source: { type: 'copy', source: 'f' }, start: true }),
    check: async (point) => {
      expect((await names()).sort()).toEqual(isDone('copy', point) ? ['f', 'g'] : ['f']);
      await daemon.done(state('start'));
      await works();
      if (!isDone('copy', point)) return;
      await works('g');
      expect((await daemon.client.instances.getFull('g')).snapshots?.map(({ name }) => name)).toEqual(['s']);
    },
  },
  rebuild: {
    prepare: async () => {
      await daemon.done(create());
      expect((await daemon.exec('f', ['sh', '-c', 'echo old > /root/note; sync'])).code).toBe(0);
      await daemon.done(state('stop'));
    },
    ask: () => daemon.client.instances.rebuild('f', { type: 'image', alias: 'busybox' }),
    check: async (point) => {
      await daemon.done(state('start'));
      await works();
      const held = (await daemon.exec('f', ['test', '-e', '/root/note'])).code === 0;
      // From the exchange on it is rebuilt; before it, a failure leaves what was there.
      expect(held).toBe(point.endsWith(':undo') && !point.includes(':place:'));
    },
  },
  copyAcross: {
    prepare: snapshotted,
    ask: () => daemon.client.instances.create({ name: 'g', source: { type: 'copy', source: 'f' }, devices: { root: rootIn('plain') } }),
    check: async (point) => {
      const done = isDone('copyAcross', point);
      expect((await names()).sort()).toEqual(done ? ['f', 'g'] : ['f']);
      expect((await daemon.client.instances.get('f')).status).toBe('Running');
      await works();
      if (!done) return;
      await daemon.done(daemon.client.instances.setState('g', { action: 'start', force: true, timeout: 10 }));
      await works('g');
    },
  },
  refreshAcross: {
    // A copy `g` in another pool of what `f` was before it had a snapshot.
    prepare: async () => {
      await daemon.done(create());
      const devices = { root: rootIn('second') };
      await daemon.done(daemon.client.instances.create({ name: 'g', source: { type: 'copy', source: 'f' }, devices }));
      await daemon.done(daemon.client.instances.takeSnapshot('f', { name: 's' }));
    },
    ask: () => daemon.client.instances.create({ name: 'g', source: { type: 'copy', source: 'f', refresh: true } }),
    check: async (point) => {
      const taken = (await daemon.client.instances.getFull('g')).snapshots?.map(({ name }) => name) ?? [];
      expect(taken).toEqual(point.endsWith(':undo') ? [] : ['s']);
      expect((await daemon.client.instances.get('f')).status).toBe('Running');
      await works();
      await daemon.done(daemon.client.instances.setState('g', { action: 'start', force: true, timeout: 10 }));
      await works('g');
    },
  },
  refresh: {
    // A copy `g` of what `f` was before it had a snapshot.
    prepare: async () => {
      await daemon.done(create());
      await daemon.done(state('stop'));
      await daemon.done(daemon.client.instances.create({ name: 'g', source: { type: 'copy', source: 'f' } }));
      await daemon.done(daemon.client.instances.takeSnapshot('g', { name: 'own' }));
      await daemon.done(state('start'));
      expect((await daemon.exec('f', ['sh', '-c', 'echo new > /root/note; sync'])).code).toBe(0);
      await daemon.done(daemon.client.instances.takeSnapshot('f', { name: 's' }));
    },
    ask: () => daemon.client.instances.create({ name: 'g', source: { type: 'copy', source: 'f', refresh: true } }),
    check: async (point) => {
      const undone = point.endsWith(':undo');
      const taken = (await daemon.client.instances.getFull('g')).snapshots?.map(({ name }) => name);
      expect(taken).toEqual(undone ? ['own'] : ['s']);
      expect((await daemon.client.instances.get('f')).status).toBe('Running');
      await works();
      await daemon.done(daemon.client.instances.setState('g', { action: 'start', force: true, timeout: 10 }));
      const found = (await daemon.exec('g', ['test', '-e', '/root/note'])).code === 0;
      if (!undone) expect(found).toBe(true);
    },
  },
  snapshot: {
    prepare: () => daemon.done(create()),
    ask: () => daemon.client.instances.takeSnapshot('f', { name: 's' }),
    check: async (point) => {
      expect(await snapshotNames()).toEqual(isDone('snapshot', point) ? ['s'] : []);
      await works();
    },
  },
  snapshotRename: {
    prepare: snapshotted,
    ask: () => daemon.client.instances.renameSnapshot('f', 's', 't'),
    check: async (point) => {
      const [name = ''] = await snapshotNames();
      if (isDone('snapshotRename', point)) expect(name).toBe('t');
      await daemon.done(daemon.client.instances.replace('f', { restore: name }));
      await works();
    },
  },
  snapshotUpdate: {
    prepare: snapshotted,
    ask: () => daemon.client.instances.changeSnapshot('f', 's', { expires_at: '2999-01-01T00:00:00Z' }),
    check: async (point) => {
      const { expires_at } = await daemon.client.instances.snapshot('f', 's');
      expect(expires_at).toMatch(isDone('snapshotUpdate', point) ? /^2999/ : /^0001/);
    },
  },
  snapshotDelete: {
    prepare: snapshotted,
    ask: () => daemon.client.instances.deleteSnapshot('f', 's'),
    check: async () => {
      expect(await snapshotNames()).toEqual([]);
      await works();
    },
  },
  restore: {
    prepare: async () => {
      await snapshotted();
      expect((await daemon.exec('f', ['sh', '-c', 'echo new > /root/note; sync'])).code).toBe(0);
    },
    ask: () => daemon.client.instances.replace('f', { restore: 's' }),
    check: async (point) => {
      // A launch that fails leaves it stopped, with the snapshot's content.
      if (point.endsWith(':undo')) await daemon.done(state('start'));
      expect((await daemon.client.instances.get('f')).status).toBe('Running');
      expect((await daemon.exec('f', ['test', '-e', '/root/note'])).code).toBe(1);
    },
  },
  backup: {
    prepare: snapshotted,
    ask: () => daemon.client.instances.backUp('f', { name: 'b' }),
    check: async (point) => {
      expect(await backupNames()).toEqual(isDone('backup', point) ? ['b'] : []);
      expect(await snapshotNames()).toEqual(['s']);
      expect(await backupFiles()).toHaveLength(isDone('backup', point) ? 1 : 0);
      await works();
    },
  },
  backupRename: {
    prepare: backedUp,
    ask: () => daemon.client.instances.renameBackup('f', 'b', 'c'),
    check: async (point) => {
      const [name = ''] = await backupNames();
      if (isDone('backupRename', point)) expect(name).toBe('c');
      expect((await collect((await daemon.client.instances.exportBackup('f', name)).body)).length).toBeGreaterThan(1000);
    },
  },
  backupDelete: {
    prepare: backedUp,
    ask: () => daemon.client.instances.deleteBackup('f', 'b'),
    check: async () => {
      expect(await backupNames()).toEqual([]);
      expect(await backupFiles()).toEqual([]);
    },
  },
  import: {
    prepare: exported,
    ask: () => daemon.client.instances.importBackup(contentOf(backupOfF), { name: 'g' }),
    check: async (point) => {
      const done = isDone('import', point);
      expect(await names()).toEqual(done ? ['g'] : []);
      if (!done) return;
      expect((await daemon.client.instances.getFull('g')).snapshots?.map(({ name }) => name)).toEqual(['s']);
      await daemon.done(daemon.client.instances.setState('g', { action: 'start', force: true, timeout: 10 }));
      await works('g');
    },
  },
  delete: {
    prepare: () => daemon.done(stopped()),
    ask: () => daemon.client.instances.delete('f'),
    check: async () => expect(await names()).toEqual([]),
  },
};

const run = new FaultRun<Verb>(pointsOf, ['start', 'stop', 'delete']);

it.each(run.points)('killed at $point', async (at) => {
  const { prepare, ask, check } = kinds[at.kind];
  await run.through(daemon, at, async () => prepare?.(), ask);
  try {
    await check(at.point);
  } finally {
    for (const name of await names()) await daemon.remove(name);
  }
  expect(await inventory()).toEqual(quiet);
});
