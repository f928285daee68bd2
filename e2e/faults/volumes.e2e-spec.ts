import { readdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { collect } from '#lib/client';
import { faultPoints } from '#lib/engine';
import { volumeOperations } from '#lib/storage';
import { TestDaemon } from '../harness/daemon.ts';
import { FaultRun } from '../harness/fault-run.ts';

/** As every-step.e2e-spec.ts, for the operations on custom volumes: `v` in `default` and what becomes of it, `two` beside it. */

let daemon: TestDaemon;

// Only the tables are read here: no step runs.
const operations = volumeOperations({} as never);

const pools = ['default', 'two'] as const;
const place = (pool: string, ...rest: string[]) => join(daemon.dir, 'storage-pools', pool, ...rest);

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.client.pools.create({ name: 'two', driver: 'dir', description: '', config: {} });
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

/** `pool/volume` of each, after a look that rows, links and directories say the same and that nothing is on its way. */
async function whole(): Promise<string[]> {
  const found: string[] = [];
  for (const pool of pools) {
    const names = (await daemon.client.pools.volumes(pool)).filter(({ type }) => type === 'custom').map(({ name }) => name);
    const volumes = names.filter((name) => !name.includes('/'));
    expect((await readdir(place(pool, 'custom'))).sort()).toEqual(volumes.map((name) => `default_${name}`).sort());
    const targets = await Promise.all(volumes.map((name) => realpath(place(pool, 'custom', `default_${name}`))));
    const directories = (await readdir(place(pool, 'volumes'))).map((id) => place(pool, 'volumes', id));
    expect(directories).toEqual(expect.arrayContaining(targets));
    expect(directories).toHaveLength(names.length);
    expect(await readdir(place(pool, 'unpacking'))).toEqual([]);
    found.push(...names.map((name) => `${pool}/${name}`));
  }
  return found.sort();
}

const content = async (pool: string, name: string) => readdir(place(pool, 'custom', `default_${name}`, 'data'));

beforeEach(async () => {
  for (const pool of pools) {
    const volumes = (await daemon.client.pools.volumes(pool)).filter(({ type }) => type === 'custom');
    for (const { name } of volumes.filter((each) => !each.name.includes('/'))) await daemon.client.pools.deleteVolume(pool, name);
  }
  expect(await whole()).toEqual([]);
});

interface Kind {
  /** Whether `v` with its snapshot `s` is there before. */
  of: boolean;
  ask: () => Promise<unknown>;
  before: string[];
  after: string[];
  /** Whether `v` holds in the end what its snapshot does: what it held itself is given up once that is in its place. */
  restores?: boolean;
  /** Names of the backups of `v` before, which are made with it, and after. */
  backups?: [before: string[], after: string[]];
}

const snapped = ['default/v', 'default/v/s'];

const kinds: { [K in keyof typeof operations]: Kind } = {
  create: {
    of: false,
    ask: () => daemon.client.pools.createVolume('default', { name: 'v', content_type: 'filesystem', config: {} }),
    before: [],
    after: ['default/v'],
  },
  copy: {
    of: true,
    ask: () => daemon.client.pools.copyVolume('two', { name: 'w', source: { pool: 'default', name: 'v', volume_only: false } }),
    before: snapped,
    after: [...snapped, 'two/w', 'two/w/s'],
  },
  rename: {
    of: true,
    ask: () => daemon.client.pools.renameVolume('default', 'v', 'w'),
    before: snapped,
    after: ['default/w', 'default/w/s'],
  },
  move: {
    of: true,
    ask: () => daemon.client.pools.moveVolume('default', 'v', { pool: 'two', name: 'w' }),
    before: snapped,
    after: ['two/w', 'two/w/s'],
  },
  delete: { of: true, ask: () => daemon.client.pools.deleteVolume('default', 'v'), before: snapped, after: [], backups: [['b'], []] },
  restore: { of: true, ask: () => daemon.client.pools.restoreVolume('default', 'v', 's'), before: snapped, after: snapped, restores: true },
  snapshot: {
    of: true,
    ask: () => daemon.client.pools.snapshotVolume('default', 'v', { name: 't' }),
    before: snapped,
    after: [...snapped, 'default/v/t'],
  },
  snapshotRename: {
    of: true,
    ask: () => daemon.client.pools.renameVolumeSnapshot('default', 'v', 's', 't'),
    before: snapped,
    after: ['default/v', 'default/v/t'],
  },
  snapshotDelete: {
    of: true,
    ask: () => daemon.client.pools.deleteVolumeSnapshot('default', 'v', 's'),
    before: snapped,
    after: ['default/v'],
  },
  backup: {
    of: true,
    ask: () => daemon.client.pools.backUpVolume('default', 'v', { name: 'b' }),
    before: snapped,
    after: snapped,
    backups: [[], ['b']],
  },
  backupRename: {
    of: true,
    ask: () => daemon.client.pools.renameVolumeBackup('default', 'v', 'b', 'c'),
    before: snapped,
    after: snapped,
    backups: [['b'], ['c']],
  },
  backupDelete: {
    of: true,
    ask: () => daemon.client.pools.deleteVolumeBackup('default', 'v', 'b'),
    before: snapped,
    after: snapped,
    backups: [['b'], []],
  },
  import: {
    of: true,
    ask: () => daemon.client.pools.importVolume('two', contentOf(archive), 'w'),
    before: snapped,
    after: [...snapped, 'two/w', 'two/w/s'],
    backups: [['b'], ['b']],
  },
};

/** What is imported: `b`. */
let archive: Buffer = Buffer.alloc(0);

async function* contentOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Names of the backups of `v`, after a look that each has its file, and nothing else has one. */
async function backupsOfV(): Promise<string[]> {
  const directory = join(daemon.dir, 'volume-backups');
  const volumes = await readdir(directory).catch(() => []);
  const files = (await Promise.all(volumes.map((id) => readdir(join(directory, id))))).flat();
  const there = (await daemon.client.pools.volumes('default')).some(({ type, name }) => type === 'custom' && name === 'v');
  const names = there ? (await daemon.client.pools.volumeBackups('default', 'v')).map(({ name }) => name) : [];
  expect(files).toHaveLength(names.length);
  expect(await readdir(join(daemon.dir, 'imports'))).toEqual([]);
  return names;
}

type Verb = keyof typeof kinds;
const pointsOf = Object.fromEntries(Object.entries(operations).map(([verb, spec]) => [verb, faultPoints(spec as never)])) as Record<
  Verb,
  string[]
>;
const run = new FaultRun<Verb>(pointsOf, ['snapshot', 'delete', 'backup']);

/** `v` that holds `kept`, as its snapshot does, and `later`. */
async function prepare(backups: readonly string[]): Promise<void> {
  const { pools: client, operations: waiting } = daemon.client;
  await client.createVolume('default', { name: 'v', content_type: 'filesystem', config: {} });
  const data = join(place('default', 'custom', 'default_v'), 'data');
  await writeFile(join(data, 'kept'), 'mine');
  const taken = await client.snapshotVolume('default', 'v', { name: 's' });
  expect((await waiting.wait(taken.id)).status_code).toBe(200);
  await writeFile(join(data, 'later'), '');
  for (const name of backups) {
    expect((await waiting.wait((await client.backUpVolume('default', 'v', { name })).id)).status_code).toBe(200);
    archive = await collect((await client.exportVolumeBackup('default', 'v', name)).body);
  }
}

it.each(run.points)('killed at $point', async (at) => {
  const { kind, point } = at;
  const { of, ask, before, after, restores, backups = [[], []] } = kinds[kind];
  await run.through(daemon, at, async () => (of ? prepare(backups[0]) : undefined), ask);
  const found = await whole();
  const last = point === pointsOf[kind].findLast((each) => each.endsWith(':after'));
  // What unwinds is undone unless its last step was journaled; what resumes is finished unless it was told to undo.
  const unwinds = operations[kind].onCrash === 'unwind' || point.endsWith(':undo');
  expect(found).toEqual(unwinds && !last ? before : after);
  expect(await backupsOfV()).toEqual(backups[unwinds && !last ? 0 : 1]);
  if (!of) return;
  for (const each of found) {
    const [pool = '', name = '', snapshot] = each.split('/');
    if (snapshot === undefined) expect(await content(pool, name)).toEqual(restores ? ['kept'] : ['kept', 'later']);
  }
});
