import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventHub } from '#lib/engine';
import type { InstanceRow, Store } from '#lib/store';
import type { TestCluster } from '../../store/src/testing.ts';
import { startTestCluster } from '../../store/src/testing.ts';
import { Profiles } from './profiles.ts';

const requestor = { username: '', protocol: 'unix', address: '' };
const nothing = { description: '', config: {}, devices: {} };
const rules = { problems: async () => [], userProblems: () => [], written: async () => {}, apply: async () => {} };

const profilesOn = (store: Store) => new Profiles(store, { lifecycle: () => {} } as unknown as EventHub, rules);

function instance(name: string, profiles: string[]): InstanceRow {
  const facts = { project: 'default', architecture: '', ephemeral: false, volatile: {}, power: 'stopped' as const };
  return {
    id: randomUUID(),
    name,
    profiles,
    createdAt: new Date(),
    lastUsedAt: null,
    idBase: null,
    idCount: null,
    attached: [],
    ...facts,
    ...nothing,
  };
}

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

describe('profiles', () => {
  it('keep all of 120 changes that come from two sides at once', async () => {
    const profiles = profilesOn(await cluster.newStore());
    await profiles.create('default', { name: 'p', ...nothing }, requestor);
    const change = { project: 'default', name: 'p', expect: () => {}, requestor };
    const patch = (side: string, n: number) => profiles.merge(change, { config: { [`user.${side}${n}`]: '1' } });
    await Promise.all(Array.from({ length: 60 }, (_, n) => [patch('a', n), patch('b', n)]).flat());
    expect(Object.keys((await profiles.get('default', 'p')).config)).toHaveLength(120);
  });

  it('are deleted, or used by an instance that comes at the same time: never both', async () => {
    const store = await cluster.newStore();
    const profiles = profilesOn(store);
    for (let n = 0; n < 60; n++) {
      await profiles.create('default', { name: `p${n}`, ...nothing }, requestor);
      const both = [profiles.delete('default', `p${n}`, requestor), store.instances.insert(instance(`i${n}`, [`p${n}`]))];
      const statuses = (await Promise.allSettled(both)).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual(['fulfilled', 'rejected']);
    }
  });
});
