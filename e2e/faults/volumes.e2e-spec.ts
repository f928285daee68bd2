import { readdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { faultPoints } from '#lib/engine';
import { volumeOperations } from '#lib/storage';
import { TestDaemon } from '../harness/daemon.ts';

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
    expect((await readdir(place(pool, 'custom'))).sort()).toEqual(names.map((name) => `default_${name}`).sort());
    const targets = await Promise.all(names.map((name) => realpath(place(pool, 'custom', `default_${name}`))));
    expect((await readdir(place(pool, 'volumes'))).map((id) => place(pool, 'volumes', id)).sort()).toEqual(targets.sort());
    expect(await readdir(place(pool, 'unpacking'))).toEqual([]);
    found.push(...names.map((name) => `${pool}/${name}`));
  }
  return found.sort();
}

const content = async (pool: string, name: string) => readdir(place(pool, 'custom', `default_${name}`, 'data'));

beforeEach(async () => {
  for (const pool of pools) {
    const volumes = (await daemon.client.pools.volumes(pool)).filter(({ type }) => type === 'custom');
    for (const { name } of volumes) await daemon.client.pools.deleteVolume(pool, name);
  }
  expect(await whole()).toEqual([]);
});

interface Kind {
  /** Whether `v` is there before. */
  of: boolean;
  ask: () => Promise<unknown>;
  before: string[];
  after: string[];
}

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
    before: ['default/v'],
    after: ['default/v', 'two/w'],
  },
  rename: { of: true, ask: () => daemon.client.pools.renameVolume('default', 'v', 'w'), before: ['default/v'], after: ['default/w'] },
  move: {
    of: true,
    ask: () => daemon.client.pools.moveVolume('default', 'v', { pool: 'two', name: 'w' }),
    before: ['default/v'],
    after: ['two/w'],
  },
  delete: { of: true, ask: () => daemon.client.pools.deleteVolume('default', 'v'), before: ['default/v'], after: [] },
};

const points = (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((kind) =>
  faultPoints(operations[kind] as never).map((point): [string, keyof typeof kinds] => [point, kind]),
);

it.each(points)('killed at %s', async (point, kind) => {
  const { of, ask, before, after } = kinds[kind];
  if (of) {
    await daemon.client.pools.createVolume('default', { name: 'v', content_type: 'filesystem', config: {} });
    await writeFile(join(place('default', 'custom', 'default_v'), 'data', 'kept'), 'mine');
  }
  await daemon.kill();
  await daemon.launch({ LXCTL_FAULT: point });
  await ask().catch(() => {});
  await daemon.ended();
  await daemon.launch();
  const found = await whole();
  const last = point === faultPoints(operations[kind] as never).findLast((each) => each.endsWith(':after'));
  // What unwinds is undone unless its last step was journaled; what resumes is finished unless it was told to undo.
  const unwinds = operations[kind].onCrash === 'unwind' || point.endsWith(':undo');
  expect(found).toEqual(unwinds && !last ? before : after);
  if (!of) return;
  for (const each of found) {
    const [pool = '', name = ''] = each.split('/');
    expect(await content(pool, name)).toEqual(['kept']);
  }
});
