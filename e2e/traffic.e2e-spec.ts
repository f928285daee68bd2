import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

/** What requests cost the database, counted: noise cannot hide it. */

interface Traffic {
  statements: number;
  commits: number;
}

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  // The image's tree is unpacked and its use noted; then what seldom changes is known.
  await daemon.launchInstance('first');
  await daemon.launchInstance('second');
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const traffic = () => daemon.client.api.get<Traffic>('/internal/traffic');

async function costOf(work: () => Promise<unknown>): Promise<Traffic> {
  const before = await traffic();
  await work();
  const after = await traffic();
  return { statements: after.statements - before.statements, commits: after.commits - before.commits };
}

describe('the database', () => {
  it('is asked at most 6 times for a launch in one request, 5 for a create, and commits at most twice', async () => {
    const source = { type: 'image' as const, alias: 'busybox' };
    for (const [name, start, statements] of [
      ['launched', true, 6],
      ['created', false, 5],
    ] as const) {
      const cost = await costOf(() => daemon.done(daemon.client.instances.create({ name, source, start })));
      expect(cost.statements).toBeLessThanOrEqual(statements);
      expect(cost.commits).toBeLessThanOrEqual(2);
    }
  });

  it('is asked at most 7 times for a deletion, snapshots and all, and commits twice', async () => {
    await daemon.done(daemon.client.instances.takeSnapshot('created', { name: 's' }));
    const cost = await costOf(() => daemon.done(daemon.client.instances.delete('created')));
    expect(cost.statements).toBeLessThanOrEqual(7);
    expect(cost.commits).toBe(2);
  });

  it('is not asked for the server', async () => {
    await daemon.client.api.get('/1.0');
    expect(await costOf(() => daemon.client.api.get('/1.0'))).toEqual({ statements: 0, commits: 0 });
  });

  it('is asked for the row, and told nothing, when an instance is frozen and goes on', async () => {
    for (const action of ['freeze', 'unfreeze'] as const) {
      const change = () => daemon.done(daemon.client.instances.setState('launched', { action, force: false, timeout: 10 }));
      expect(await costOf(change)).toEqual({ statements: 1, commits: 0 });
    }
  });

  it('is asked once for the state of an instance', async () => {
    const cost = await costOf(() => daemon.client.api.get('/1.0/instances/launched/state'));
    expect(cost.statements).toBeLessThanOrEqual(1);
    expect(cost.commits).toBe(0);
  });
});
