import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faultPoints } from '#lib/engine';
import { poolOperations } from '#lib/storage';
import { lackOfRoot, titled } from '../../libs/host/src/testing/needs.ts';
import { TestDaemon } from '../harness/daemon.ts';
import { FaultRun } from '../harness/fault-run.ts';
import { loopsOf, mounts } from '../harness/leftovers.ts';

/** As every-step.e2e-spec.ts, for the operations on pools: one with a file system of its own in a file, mounted by a loop device. */

const why = lackOfRoot('mkfs.btrfs');

// Only the tables are read here: no step runs.
const operations = poolOperations({} as never);
type Verb = keyof typeof operations;
const pointsOf = Object.fromEntries(Object.entries(operations).map(([verb, spec]) => [verb, faultPoints(spec as never)])) as Record<
  Verb,
  string[]
>;

describe.skipIf(why !== '')(titled('pools', why), () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await TestDaemon.start();
  });
  afterAll(async () => {
    expect(await daemon.stop()).toEqual([]);
  });

  const place = (...path: string[]) => join(daemon.dir, ...path);
  const create = () => daemon.client.pools.create({ name: 'p', driver: 'btrfs', description: '', config: { size: '256MiB' } });
  const names = async () => (await daemon.client.pools.list()).map(({ name }) => name).filter((name) => name !== 'default');

  /** All that there is of pools but for the first one. */
  const there = async () => ({
    rows: await names(),
    files: await readdir(place('disks')).catch(() => []),
    directories: (await readdir(place('storage-pools'))).filter((name) => name !== 'default'),
    mounts: (await mounts(daemon.dir)).length,
    loops: (await loopsOf(daemon.dir)).length,
  });
  const none = { rows: [], files: [], directories: [], mounts: 0, loops: 0 };
  const one = { rows: ['p'], files: ['p.img'], directories: ['p'], mounts: 1, loops: 1 };

  beforeEach(async () => {
    for (const name of await names()) await daemon.client.pools.delete(name);
    expect(await there()).toEqual(none);
  });

  const run = new FaultRun<Verb>(pointsOf, ['create', 'delete']);

  it.each(run.points)('killed at $point', async (at) => {
    const deletes = at.kind === 'delete';
    await run.through(
      daemon,
      at,
      async () => (deletes ? create() : undefined),
      () => (deletes ? daemon.client.pools.delete('p') : create()),
    );
    const last = at.point === pointsOf[at.kind].findLast((each) => each.endsWith(':after'));
    // What unwinds is undone unless its last step was journaled; what resumes is finished unless it was told to undo.
    const made = deletes ? at.point.endsWith(':undo') : last;
    expect(await there()).toEqual(made ? one : none);
    if (!made) return;
    const file = place('storage-pools/p/file');
    await writeFile(file, 'kept');
    expect(await readFile(file, 'utf8')).toBe('kept');
  });
});
