import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryStore, sampleInstance } from '../fake/index.ts';
import type { NetworkRow, PoolRow, ProfileRow } from '../rows.ts';
import type { Store } from '../store.ts';
import { RowConflict } from '../store.ts';
import type { TestCluster } from '../testing.ts';
import { startTestCluster } from '../testing.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

const named = (name: string) => ({ project: 'default', name, description: '', config: {} });
const nic = (network: string) => ({ eth0: { type: 'nic', network } });
const disk = (pool: string) => ({ root: { type: 'disk', path: '/', pool } });
const refusal = (constraint: string) => expect.objectContaining({ constraint });

interface Things {
  store: Store;
  profile: ProfileRow;
  network: NetworkRow;
  pool: PoolRow;
}

async function things(store: Store): Promise<Things> {
  return {
    store,
    profile: await store.profiles.insert({ ...named('p'), devices: {} }),
    network: await store.networks.insert({ ...named('n'), type: 'bridge' }),
    pool: await store.pools.insert({ name: 's', driver: 'dir', description: '', config: {} }),
  };
}

describe.each([
  ['PostgresStore', () => cluster.newStore()],
  ['MemoryStore', async () => new MemoryStore()],
] as [string, () => Promise<Store>][])('references in %s', (_, make) => {
  it('are refused where there is nothing of the name', async () => {
    const { store } = await things(await make());
    await expect(store.instances.insert(sampleInstance('a', { profiles: ['p', 'none'] }))).rejects.toEqual(
      refusal('instance_profile_profile'),
    );
    await expect(store.instances.insert(sampleInstance('a', { devices: nic('none') }))).rejects.toEqual(
      refusal('instance_reference_network'),
    );
    await expect(store.instances.insert(sampleInstance('a', { devices: disk('none') }))).rejects.toEqual(
      refusal('instance_reference_pool'),
    );
    await expect(store.profiles.insert({ ...named('q'), devices: nic('none') })).rejects.toEqual(refusal('profile_reference_network'));
    await expect(store.profiles.insert({ ...named('q'), devices: disk('none') })).rejects.toEqual(refusal('profile_reference_pool'));
    expect(await store.instances.list(null)).toEqual([]);
    expect(await store.profiles.get('default', 'q')).toBeNull();
  });

  it('hold what they name, until they are changed', async () => {
    const { store, profile, network, pool } = await things(await make());
    const row = sampleInstance('a', { profiles: ['p'], devices: { ...nic('n'), ...disk('s') } });
    await store.instances.insert(row);
    await store.profiles.update(profile.id, { devices: { ...nic('n'), ...disk('s') } });
    await expect(store.profiles.delete(profile.id)).rejects.toEqual(refusal('instance_profile_profile'));
    await expect(store.networks.delete(network.id)).rejects.toThrow(RowConflict);
    await expect(store.pools.delete(pool.id)).rejects.toThrow(RowConflict);
    await store.instances.update(row.id, { devices: { other: { type: 'none' } }, profiles: [] });
    await expect(store.networks.delete(network.id)).rejects.toEqual(refusal('profile_reference_network'));
    await expect(store.pools.delete(pool.id)).rejects.toEqual(refusal('profile_reference_pool'));
    await store.profiles.delete(profile.id);
    await store.networks.delete(network.id);
    await store.pools.delete(pool.id);
    expect(await store.instances.byId(row.id)).toMatchObject({ profiles: [], devices: { other: { type: 'none' } } });
  });

  it('go with their owner', async () => {
    const { store, network, pool } = await things(await make());
    const row = sampleInstance('a', { devices: { ...nic('n'), ...disk('s') } });
    await store.instances.insert(row);
    await store.instances.delete(row.id);
    await store.networks.delete(network.id);
    await store.pools.delete(pool.id);
  });

  it('hold a custom volume under whatever name, until the devices name it no more', async () => {
    const { store, profile, pool } = await things(await make());
    const volume = (name: string) => ({ poolId: pool.id, project: 'default', name, type: 'custom', contentType: 'filesystem' }) as const;
    const { id } = await store.volumes.insert({ ...volume('v'), description: '', config: {} });
    await store.volumes.insert({ ...volume('v/s'), parentId: id, description: '', config: {} });
    const data = (source: string) => ({ data: { type: 'disk', path: '/data', pool: 's', source } });
    for (const none of ['none', 'v/s']) {
      await expect(store.instances.insert(sampleInstance('a', { devices: data(none) }))).rejects.toEqual(
        refusal('instance_reference_volume'),
      );
      await expect(store.profiles.update(profile.id, { devices: data(none) })).rejects.toEqual(refusal('profile_reference_volume'));
    }
    const row = sampleInstance('a', { devices: { ...data('v'), host: { type: 'disk', path: '/h', source: '/srv' } } });
    await store.instances.insert(row);
    await store.profiles.update(profile.id, { devices: data('v') });
    expect((await store.instances.usingVolume(id)).map(({ name }) => name)).toEqual(['a']);
    expect((await store.profiles.usingVolume(id)).map(({ name }) => name)).toEqual(['p']);
    expect([await store.instances.usingVolume(randomUUID()), await store.profiles.usingVolume('none')]).toEqual([[], []]);
    await store.tx(async (tx) => {
      await tx.volumes.update(id, { name: 'w' });
      const [users, profiles] = [await tx.instances.usingVolume(id), await tx.profiles.usingVolume(id)];
      for (const user of users) await tx.instances.update(user.id, { devices: data('w') });
      for (const user of profiles) await tx.profiles.update(user.id, { devices: data('w') });
    });
    await store.volumes.delete((await store.volumes.snapshots(id))[0]?.id ?? '');
    await expect(store.volumes.delete(id)).rejects.toThrow(RowConflict);
    await store.profiles.update(profile.id, { devices: {} });
    await expect(store.volumes.delete(id)).rejects.toEqual(refusal('instance_reference_volume'));
    await store.instances.update(row.id, { devices: {} });
    await store.volumes.delete(id);
  });

  it('let any parent pass, and hold one that is a managed network', async () => {
    const { store, network } = await things(await make());
    const parent = (name: string) => ({ eth0: { type: 'nic', nictype: 'bridged', parent: name } });
    await store.instances.insert(sampleInstance('a', { devices: parent('br-of-the-host') }));
    await store.instances.insert(sampleInstance('b', { devices: parent('n') }));
    await expect(store.networks.delete(network.id)).rejects.toEqual(refusal('instance_reference_network'));
  });

  it('follow a profile to its new name, and keep their order', async () => {
    const { store, profile } = await things(await make());
    for (const name of ['a', 'b']) await store.profiles.insert({ ...named(name), devices: {} });
    const row = sampleInstance('i', { profiles: ['b', 'p', 'a'] });
    await store.instances.insert(row);
    await store.profiles.update(profile.id, { name: 'renamed' });
    expect((await store.instances.byId(row.id))?.profiles).toEqual(['b', 'renamed', 'a']);
    await store.instances.update(row.id, { profiles: ['a', 'b'], description: 'x' });
    expect(await store.instances.byId(row.id)).toMatchObject({ profiles: ['a', 'b'], description: 'x' });
    expect(await store.instances.usingProfile('default', 'renamed')).toEqual([]);
    expect((await store.instances.usingProfile('default', 'a')).map(({ name }) => name)).toEqual(['i']);
  });

  it('are refused to a profile that is no longer what was seen of it', async () => {
    const { store, profile } = await things(await make());
    const seen = [{ config: { 'user.a': '1', 'user.b': '2' }, devices: {} }];
    await expect(store.instances.insert(sampleInstance('a', { profiles: ['p'] }), seen)).rejects.toEqual(
      refusal('instance_profile_profile'),
    );
    await store.profiles.update(profile.id, { config: { 'user.b': '2', 'user.a': '1' } });
    await store.instances.insert(sampleInstance('a', { profiles: ['p'] }), seen);
  });

  it('merge volatile keys in the statement that changes the row', async () => {
    const { store } = await things(await make());
    const row = sampleInstance('a', { volatile: { keep: '1', drop: '2' } });
    await store.instances.insert(row);
    await store.instances.update(row.id, { power: 'running' }, { drop: null, add: '3' });
    await store.instances.update(row.id, {}, { more: '4' });
    expect(await store.instances.byId(row.id)).toMatchObject({ power: 'running', volatile: { keep: '1', add: '3', more: '4' } });
  });
});

/** Runs both at once, many times; says how often each succeeded. */
async function race(tries: number, pair: (n: number) => Promise<[Promise<unknown>, Promise<unknown>]>): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  for (let n = 0; n < tries; n++) {
    const [one, other] = await Promise.allSettled(await pair(n));
    const outcome = `${one?.status} ${other?.status}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

const either = ['fulfilled rejected', 'rejected fulfilled'];

describe('of two at once exactly one succeeds:', () => {
  it('the delete of a profile and the making of an instance that uses it', async () => {
    const store = await cluster.newStore();
    const outcomes = await race(150, async (n) => {
      const profile = await store.profiles.insert({ ...named(`p${n}`), devices: {} });
      return [store.profiles.delete(profile.id), store.instances.insert(sampleInstance(`i${n}`, { profiles: [profile.name] }))];
    });
    expect(Object.keys(outcomes).filter((outcome) => !either.includes(outcome))).toEqual([]);
  });

  it('the delete of a network and the making of an instance with a nic in it', async () => {
    const store = await cluster.newStore();
    const outcomes = await race(100, async (n) => {
      const network = await store.networks.insert({ ...named(`n${n}`), type: 'bridge' });
      return [store.networks.delete(network.id), store.instances.insert(sampleInstance(`i${n}`, { devices: nic(network.name) }))];
    });
    expect(Object.keys(outcomes).filter((outcome) => !either.includes(outcome))).toEqual([]);
  });

  it('the delete of a pool and the making of an instance with a disk in it', async () => {
    const store = await cluster.newStore();
    const outcomes = await race(100, async (n) => {
      const pool = await store.pools.insert({ name: `s${n}`, driver: 'dir', description: '', config: {} });
      return [store.pools.delete(pool.id), store.instances.insert(sampleInstance(`i${n}`, { devices: disk(pool.name) }))];
    });
    expect(Object.keys(outcomes).filter((outcome) => !either.includes(outcome))).toEqual([]);
  });

  it('the delete of a custom volume and the making of an instance that has it', async () => {
    const store = await cluster.newStore();
    const { pool } = await things(store);
    const outcomes = await race(100, async (n) => {
      const named = { poolId: pool.id, project: 'default', name: `v${n}`, type: 'custom', contentType: 'filesystem' } as const;
      const { id } = await store.volumes.insert({ ...named, description: '', config: {} });
      const devices = { data: { type: 'disk', path: '/d', pool: 's', source: named.name } };
      return [store.volumes.delete(id), store.instances.insert(sampleInstance(`i${n}`, { devices }))];
    });
    expect(Object.keys(outcomes).filter((outcome) => !either.includes(outcome))).toEqual([]);
  });

  it('the rename of a custom volume and the making of an instance that has it by its old name', async () => {
    const store = await cluster.newStore();
    const { pool } = await things(store);
    for (let n = 0; n < 60; n++) {
      const named = { poolId: pool.id, project: 'default', name: `v${n}`, type: 'custom', contentType: 'filesystem' } as const;
      const { id } = await store.volumes.insert({ ...named, description: '', config: {} });
      const data = (source: string) => ({ data: { type: 'disk', path: '/d', pool: 's', source } });
      const rename = store.tx(async (tx) => {
        await tx.volumes.update(id, { name: `w${n}` });
        for (const user of await tx.instances.usingVolume(id)) await tx.instances.update(user.id, { devices: data(`w${n}`) });
      });
      const [renamed, made] = await Promise.allSettled([
        rename,
        store.instances.insert(sampleInstance(`i${n}`, { devices: data(`v${n}`) })),
      ]);
      expect(renamed.status).toBe('fulfilled');
      // Who came first is renamed with it, who came second is refused.
      const users = made.status === 'fulfilled' ? [expect.objectContaining({ devices: data(`w${n}`) })] : [];
      expect(await store.instances.usingVolume(id)).toEqual(users);
    }
  }, 30_000);

  it('the change of a profile and the making of an instance from what it was', async () => {
    const store = await cluster.newStore();
    for (let n = 0; n < 60; n++) {
      const profile = await store.profiles.insert({ ...named(`p${n}`), devices: {} });
      const change = store.tx(async (tx) => {
        const row = await tx.profiles.lock('default', profile.name);
        const users = await tx.instances.usingProfile('default', profile.name);
        if (row && users.length === 0) await tx.profiles.update(row.id, { config: { 'user.changed': 'true' } });
        return users.length === 0;
      });
      const [changed, made] = await Promise.allSettled([
        change,
        store.instances.insert(sampleInstance(`i${n}`, { profiles: [profile.name] }), [profile]),
      ]);
      expect(changed.status).toBe('fulfilled');
      // Who came second has seen what the first did.
      expect(made.status).toBe(changed.status === 'fulfilled' && changed.value ? 'rejected' : 'fulfilled');
    }
  }, 30_000);
});

describe('changes from two sides at once', () => {
  it('lose none: a profile, a network, a pool, an image and the server config', async () => {
    const store = await cluster.newStore();
    const { profile, network, pool } = await things(store);
    const image = { fingerprint: 'f', project: 'default', filename: '', size: 1, public: false, autoUpdate: false, cached: false };
    const rest = { architecture: '', properties: {}, profiles: [], layout: 'unified' as const, metadata: {}, origin: null };
    await store.images.insert({ ...image, ...rest, expiresAt: null, createdAt: null, uploadedAt: new Date(), lastUsedAt: null });
    const key = (n: number) => ({ [`user.k${n}`]: String(n) });
    const change = (n: number) =>
      store.tx(async (tx) => {
        const row = await tx.profiles.lock('default', 'p');
        await tx.profiles.update(profile.id, { config: { ...row?.config, ...key(n) } });
        const net = await tx.networks.lock('default', 'n');
        await tx.networks.update(network.id, { config: { ...net?.config, ...key(n) } });
        const storage = await tx.pools.lock('s');
        await tx.pools.update(pool.id, { config: { ...storage?.config, ...key(n) } });
        const found = await tx.images.lock('default', 'f');
        await tx.images.update('default', 'f', { properties: { ...found?.properties, ...key(n) } });
        const all = await tx.config.lock();
        await tx.config.set({ count: String(Number(all.count ?? 0) + 1) });
      });
    await Promise.all(Array.from({ length: 120 }, (_, n) => change(n)));
    expect(Object.keys((await store.profiles.get('default', 'p'))?.config ?? {})).toHaveLength(120);
    expect(Object.keys((await store.networks.get('default', 'n'))?.config ?? {})).toHaveLength(120);
    expect(Object.keys((await store.pools.get('s'))?.config ?? {})).toHaveLength(120);
    expect(Object.keys((await store.images.get('default', 'f'))?.properties ?? {})).toHaveLength(120);
    expect(await store.config.all()).toEqual({ count: '120' });
  }, 30_000);
});
