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
  it('is asked at most 8 times for a launch in one request, and commits at most 3 times', async () => {
    const source = { type: 'image' as const, alias: 'busybox' };
    const cost = await costOf(() => daemon.done(daemon.client.instances.create({ name: 'launched', source, start: true })));
    expect(cost.statements).toBeLessThanOrEqual(8);
    expect(cost.commits).toBeLessThanOrEqual(3);
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
