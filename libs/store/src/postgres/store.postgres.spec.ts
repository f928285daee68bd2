import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLxError } from '#lib/contract';
import { MemoryStore, sampleInstance, sampleOperation } from '../fake/index.ts';
import { dataSource, openStore } from '../open-store.ts';
import type { InstanceRow, OperationRow } from '../rows.ts';
import type { Store } from '../store.ts';
import { RowConflict, RowMissing } from '../store.ts';
import type { TestCluster } from '../testing.ts';
import { startTestCluster, testServer } from '../testing.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

const instance = (name: string, change: Partial<InstanceRow> = {}) =>
  sampleInstance(name, {
    config: { 'limits.memory': '1GiB' },
    devices: { root: { type: 'disk', path: '/' } },
    createdAt: new Date('2026-01-02T03:04:05.678Z'),
    ...change,
  });

const profile = (name: string) => ({ project: 'default', name, description: '', config: {}, devices: {} });

const operation = (change: Partial<OperationRow> = {}) =>
  sampleOperation({
    resources: { instances: ['/1.0/instances/c1'] },
    params: { list: [1, 'two', null] },
    begun: ['a'],
    ...change,
  });

const image = (fingerprint: string) => ({
  fingerprint,
  project: 'default',
  filename: 'f',
  size: 5_000_000_000,
  public: false,
  autoUpdate: false,
  cached: true,
  architecture: 'x86_64',
  properties: { os: 'Debian' },
  profiles: ['default'],
  layout: 'unified' as const,
  metadata: { templates: {} },
  origin: null,
  expiresAt: null,
  createdAt: null,
  uploadedAt: new Date(),
  lastUsedAt: null,
});

/** What the fake and the real one must both do. */
describe.each([
  ['PostgresStore', () => cluster.newStore()],
  ['MemoryStore', async () => new MemoryStore()],
] as [string, () => Promise<Store>][])('%s', (_, make) => {
  it('has no two network cards with one address, MAC or name on the host', async () => {
    const store = await make();
    const [one, other] = [instance('nic-one', { profiles: [] }), instance('nic-other', { profiles: [] })];
    const nic = { device: 'eth0', segment: 'br', address: '10.0.0.5', mac: '00:16:3e:00:00:01', hostName: 'v0' };
    await store.instances.insert(one, undefined, [nic]);
    await store.instances.insert(other);
    const refused = (change: object) =>
      store.nics.replace(other.id, [{ ...nic, address: null, mac: null, hostName: null, ...change }]).then(
        () => null,
        (error: RowConflict) => error.constraint,
      );
    expect(await refused({ address: nic.address })).toBe('nic_address');
    expect(await refused({ mac: nic.mac })).toBe('nic_mac');
    expect(await refused({ hostName: nic.hostName })).toBe('nic_host_name');
    expect(await refused({ segment: 'elsewhere', address: nic.address, mac: nic.mac })).toBe(null);
    // Two cards of one instance change places.
    const second = { ...nic, device: 'eth1', address: '10.0.0.6', mac: '00:16:3e:00:00:02', hostName: 'v1' };
    await store.nics.replace(one.id, [nic, second]);
    const swapped = [
      { ...second, device: 'eth0' },
      { ...nic, device: 'eth1' },
    ];
    await store.nics.replace(one.id, swapped);
    expect(await store.nics.inSegment('br')).toEqual(swapped.map((each) => ({ ...each, instanceId: one.id })));
    await store.instances.delete(one.id);
    expect(await refused({ address: nic.address, mac: nic.mac, hostName: nic.hostName })).toBe(null);
  });

  it('keeps instances as they were given', async () => {
    const store = await make();
    for (const name of ['x', 'default']) await store.profiles.insert(profile(name));
    const [b, a] = [instance('b'), instance('a', { profiles: ['x', 'default'], lastUsedAt: new Date() })];
    await store.instances.insert(b);
    await store.instances.insert(a);
    expect(await store.instances.list('default')).toEqual([a, b]);
    expect(await store.instances.list(null)).toEqual([a, b]);
    expect(await store.instances.list('other')).toEqual([]);
    expect(await store.instances.byId(b.id)).toEqual(b);
    expect(await store.instances.usingProfile('default', 'x')).toEqual([a]);
    await store.instances.update(b.id, { name: 'c', config: {}, power: 'running' });
    expect(await store.instances.get('default', 'c')).toEqual({ ...b, name: 'c', config: {}, power: 'running' });
    await store.instances.delete(b.id);
    expect(await store.instances.byId(b.id)).toBeNull();
  });

  it('merges volatile keys', async () => {
    const store = await make();
    const row = instance('a', { volatile: { keep: '1', drop: '2' } });
    await store.instances.insert(row);
    await store.instances.mergeVolatile(row.id, { drop: null, add: '3', keep: '4' });
    expect((await store.instances.byId(row.id))?.volatile).toEqual({ keep: '4', add: '3' });
    await expect(store.instances.mergeVolatile(randomUUID(), { a: 'b' })).rejects.toThrow(RowMissing);
  });

  it('names the broken uniqueness and refuses missing rows', async () => {
    const store = await make();
    const row = instance('a');
    await store.instances.insert(row);
    await expect(store.instances.insert(instance('a'))).rejects.toMatchObject({ constraint: 'instance_project_name' });
    await expect(store.instances.insert({ ...instance('b'), id: row.id })).rejects.toMatchObject({ constraint: 'instance_pkey' });
    await expect(store.instances.update(randomUUID(), { power: 'running' })).rejects.toThrow(RowMissing);
    await expect(store.instances.update(randomUUID(), {})).rejects.toThrow(RowMissing);
    await expect(store.instances.delete(randomUUID())).rejects.toThrow(RowMissing);
    await store.instances.update(row.id, {});
  });

  it('gives profiles in the order asked', async () => {
    const store = await make();
    for (const name of ['a', 'b']) await store.profiles.insert(profile(name));
    expect((await store.profiles.many('default', ['b', 'none', 'a'])).map((row) => row.name)).toEqual(['b', 'a']);
    expect(await store.profiles.many('default', [])).toEqual([]);
  });

  it('keeps images with aliases', async () => {
    const store = await make();
    await store.images.insert(image('abc1'));
    await store.images.insert(image('abd2'));
    await store.images.insertAlias({ project: 'default', name: 'deb', description: '', fingerprint: 'abc1' });
    await expect(store.images.insertAlias({ project: 'default', name: 'no', description: '', fingerprint: 'zz' })).rejects.toThrow(
      RowConflict,
    );
    await expect(store.images.insert(image('abc1'))).rejects.toMatchObject({ constraint: 'image_pkey' });
    expect((await store.images.get('default', 'abc1'))?.size).toBe(5_000_000_000);
    expect((await store.images.byPrefix('default', 'ab')).length).toBe(2);
    expect((await store.images.fingerprints()).length).toBe((await store.images.list('default')).length);
    expect(await store.images.byPrefix('default', 'a%')).toEqual([]);
    await store.images.updateAlias('default', 'deb', { name: 'debian', fingerprint: 'abd2' });
    expect((await store.images.alias('default', 'debian'))?.fingerprint).toBe('abd2');
    await store.images.update('default', 'abd2', { public: true });
    await store.images.delete('default', 'abd2');
    expect(await store.images.aliases('default')).toEqual([]);
  });

  it('keeps pools, volumes and networks', async () => {
    const store = await make();
    const pool = await store.pools.insert({ name: 'default', driver: 'dir', description: '', config: { source: '/x' } });
    expect(await store.pools.byId(pool.id)).toEqual(pool);
    const volume = await store.volumes.insert({
      poolId: pool.id,
      project: 'default',
      name: 'v',
      type: 'custom',
      contentType: 'filesystem',
      description: '',
      config: {},
    });
    expect(await store.volumes.get(pool.id, 'default', 'custom', 'v')).toEqual(volume);
    expect(await store.volumes.get(pool.id, 'default', 'container', 'v')).toBeNull();
    await expect(store.pools.delete(pool.id)).rejects.toThrow(RowConflict);
    await store.volumes.delete(volume.id);
    await store.pools.delete(pool.id);
    const network = await store.networks.insert({ project: 'default', name: 'n', type: 'bridge', description: '', config: {} });
    await store.networks.update(network.id, { config: { 'ipv4.nat': 'true' } });
    expect((await store.networks.list('default'))[0]?.config).toEqual({ 'ipv4.nat': 'true' });
  });

  it('keeps backups with their instance, the oldest first', async () => {
    const store = await make();
    const c1 = instance('with-backups');
    await store.instances.insert(c1);
    const backup = (name: string, second: number) => ({
      ...{ id: randomUUID(), ownerId: c1.id, name, alone: true },
      createdAt: new Date(1_700_000_000_000 + second * 1000),
      expiresAt: new Date(1_800_000_000_000 + second * 1000),
    });
    const [newer, older] = [backup('a', 2), backup('b', 1)];
    for (const row of [newer, older]) await store.backups.insert(row);
    expect(await store.backups.list([c1.id])).toEqual([older, newer]);
    await expect(store.backups.insert(backup('a', 3))).rejects.toMatchObject({ constraint: 'instance_backup_name' });
    await expect(store.backups.insert({ ...backup('c', 3), ownerId: randomUUID() })).rejects.toMatchObject({
      constraint: 'instance_backup_instance',
    });
    await expect(store.backups.update(older.id, { name: 'a' })).rejects.toMatchObject({ constraint: 'instance_backup_name' });
    await store.backups.update(older.id, { name: 'c' });
    expect(await store.backups.get(c1.id, 'c')).toEqual({ ...older, name: 'c' });
    expect((await store.backups.expired(older.expiresAt)).map(({ id }) => id)).toEqual([older.id]);
    await store.backups.delete(older.id);
    expect(await store.backups.byId(older.id)).toBeNull();
    await store.instances.delete(c1.id);
    expect(await store.backups.list(null)).toEqual([]);
  });

  it('keeps backups of volumes apart from those of instances, and with their volume', async () => {
    const store = await make();
    const { id: poolId } = await store.pools.insert({ name: 'p', driver: 'dir', description: '', config: {} });
    const custom = { poolId, project: 'default', description: '', config: {}, type: 'custom', contentType: 'filesystem' } as const;
    const { id: ownerId } = await store.volumes.insert({ ...custom, name: 'v' });
    const row = { ownerId, name: 'b', alone: true, createdAt: new Date(1_700_000_000_000), expiresAt: null };
    const backup = { ...row, id: randomUUID() };
    await store.volumeBackups.insert(backup);
    expect([await store.volumeBackups.list([ownerId]), await store.backups.list(null)]).toEqual([[backup], []]);
    await expect(store.volumeBackups.insert({ ...row, id: randomUUID() })).rejects.toMatchObject({ constraint: 'volume_backup_name' });
    await expect(store.volumeBackups.insert({ ...row, id: randomUUID(), ownerId: randomUUID() })).rejects.toMatchObject({
      constraint: 'volume_backup_volume',
    });
    await store.volumes.deleteAll(ownerId);
    expect(await store.volumeBackups.list(null)).toEqual([]);
  });

  it('keeps snapshots with their instance, the oldest first, and with its volume', async () => {
    const store = await make();
    const pool = await store.pools.insert({ name: 'of-snapshots', driver: 'dir', description: '', config: {} });
    const c1 = instance('with-snapshots');
    await store.instances.insert(c1);
    const { id: instanceId, architecture, ephemeral, config, volatile, devices } = c1;
    const snapshot = (name: string, second: number) => ({
      ...{ id: randomUUID(), instanceId, name, architecture, ephemeral, config, volatile, devices, profiles: ['gone'] },
      createdAt: new Date(1_700_000_000_000 + second * 1000),
      expiresAt: null,
    });
    const [newer, older] = [snapshot('a', 2), snapshot('b', 1)];
    for (const row of [newer, older]) await store.snapshots.insert(row);
    expect(await store.snapshots.list([instanceId])).toEqual([older, newer]);
    expect((await store.snapshots.list(null)).map(({ name }) => name)).toEqual(['b', 'a']);
    expect(await store.snapshots.get(instanceId, 'a')).toEqual(newer);
    await expect(store.snapshots.insert(snapshot('a', 3))).rejects.toMatchObject({ constraint: 'instance_snapshot_name' });
    await expect(store.snapshots.insert({ ...snapshot('c', 3), instanceId: randomUUID() })).rejects.toMatchObject({
      constraint: 'instance_snapshot_instance',
    });
    const expiresAt = new Date(1_800_000_000_000);
    await store.snapshots.update(older.id, { name: 'c', expiresAt });
    expect(await store.snapshots.byId(older.id)).toEqual({ ...older, name: 'c', expiresAt });
    expect((await store.snapshots.expired(expiresAt)).map(({ id }) => id)).toEqual([older.id]);
    expect(await store.snapshots.expired(new Date(expiresAt.getTime() - 1))).toEqual([]);

    const volume = {
      ...{ poolId: pool.id, project: 'default', description: '', config: {} },
      ...({ type: 'container', contentType: 'filesystem' } as const),
    };
    await store.volumes.insert({ ...volume, id: instanceId, name: 'with-snapshots' });
    const taken = await store.volumes.insert({ ...volume, id: newer.id, parentId: instanceId, name: 'with-snapshots/a' });
    expect(await store.volumes.snapshots(instanceId)).toEqual([taken]);
    await expect(store.volumes.delete(instanceId)).rejects.toMatchObject({ constraint: 'volume_parent' });
    for (let times = 0; times < 2; times++) await store.volumes.deleteAll(instanceId);
    expect(await store.volumes.list(pool.id)).toEqual([]);

    const custom = { ...volume, type: 'custom' as const };
    const often = await store.volumes.insert({ ...custom, name: 'often', config: { 'snapshots.schedule': '@daily' } });
    await store.volumes.insert({ ...custom, name: 'never', config: { 'snapshots.schedule': '' } });
    const passing = await store.volumes.insert({ ...custom, parentId: often.id, name: 'often/s', config: often.config, expiresAt });
    expect(passing.expiresAt).toEqual(expiresAt);
    expect(await store.volumes.scheduled()).toEqual([often]);
    expect(await store.volumes.expired(expiresAt)).toEqual([passing]);
    expect(await store.volumes.expired(new Date(expiresAt.getTime() - 1))).toEqual([]);
    for (const { id } of await store.volumes.list(pool.id)) await store.volumes.deleteAll(id);

    await store.instances.delete(instanceId);
    expect(await store.snapshots.list([instanceId])).toEqual([]);
    await store.pools.delete(pool.id);
  });

  it('journals operations', async () => {
    const store = await make();
    const [older, newer] = [operation({ createdAt: new Date(1000) }), operation()];
    await store.operations.insert(newer);
    await store.operations.insert(older);
    expect(await store.operations.unfinished({ limit: 10 })).toEqual([older, newer]);
    const over = { ...newer, revision: 2, statusCode: 200, finished: ['a'], metadata: { x: [1] }, updatedAt: new Date(2000) };
    expect(await store.operations.advance(newer.id, over)).toBe(true);
    expect(await store.operations.get(newer.id)).toEqual(over);
    expect((await store.operations.unfinished({ limit: 10 })).length).toBe(1);
    expect(await store.operations.deleteFinishedBefore(new Date(2001))).toBe(0); // the older one is unfinished
    await store.operations.advance(older.id, { ...older, revision: 1, statusCode: 400, updatedAt: new Date(3000) });
    expect(await store.operations.deleteFinishedBefore(new Date(1999))).toBe(0);
    expect(await store.operations.deleteFinishedBefore(new Date(2001))).toBe(1);
  });

  it('lets a write of the journal that arrives late change nothing', async () => {
    const store = await make();
    const row = operation();
    await store.operations.insert(row);
    expect(await store.operations.advance(row.id, { ...row, revision: 2, begun: ['a', 'b'] })).toBe(true);
    expect(await store.operations.advance(row.id, { ...row, revision: 2, begun: ['b'] })).toBe(false);
    expect(await store.operations.advance(row.id, { ...row, revision: 1, begun: ['c'] })).toBe(false);
    expect((await store.operations.get(row.id))?.begun).toEqual(['a', 'b']);
    await expect(store.operations.advance(randomUUID(), row)).rejects.toThrow(RowMissing);
  });

  it('tells that a write of the journal was done before, also when what was sent behind it is refused', async () => {
    const store = await make();
    const row = operation();
    const first = operation();
    await store.operations.insert(row);
    await store.operations.insert(first);
    await store.operations.advance(row.id, { ...row, revision: 1 });
    const seen: unknown[] = [];
    const again = store.tx(async (tx) => {
      const behind = tx.operations.advance(row.id, { ...row, revision: 1 });
      const [advanced, inserted] = await Promise.allSettled([behind, tx.operations.insert(first)]);
      seen.push(advanced, inserted.status);
    });
    await expect(again).rejects.toThrow(RowConflict);
    expect(seen).toEqual([{ status: 'fulfilled', value: false }, 'rejected']);
  });

  it('pages through what is unfinished and knows what a later operation overtook', async () => {
    const store = await make();
    const at = (n: number, change: Partial<OperationRow>) => operation({ createdAt: new Date(n), ...change });
    const left = [at(1, { locks: ['a'] }), at(2, { locks: ['b', 'c'] }), at(2, { locks: ['d'] }), at(4, { locks: ['c'] })];
    const later = [at(3, { locks: ['c', 'x'], statusCode: 200 }), at(3, { locks: ['a'], statusCode: 400 })];
    for (const row of [...left, ...later]) await store.operations.insert(row);
    const seen: string[] = [];
    for (let page = await store.operations.unfinished({ limit: 1 }); page[0]; ) {
      seen.push(page[0].id);
      page = await store.operations.unfinished({ after: page[0], limit: 1 });
    }
    expect(seen.toSorted()).toEqual(left.map(({ id }) => id).toSorted());
    expect([seen[0], seen[3]]).toEqual([left[0]?.id, left[3]?.id]);
    expect(await store.operations.overtaken(seen)).toEqual([left[1]?.id]);
    expect(await store.operations.overtaken([])).toEqual([]);
  });

  it('keeps events in order and server config', async () => {
    const store = await make();
    const event = (n: number) => ({ type: 'lifecycle' as const, project: 'default', at: new Date(n), metadata: { n, text: '\'"' } });
    await store.events.append([]);
    await store.events.append([event(1), event(2), event(3)]);
    const all = await store.events.since(0, 10);
    expect(all.map((row) => row.metadata)).toEqual([event(1), event(2), event(3)].map((row) => row.metadata));
    expect(all[0]?.at).toEqual(new Date(1));
    expect((await store.events.since(all[0]?.id ?? 0, 1)).map((row) => row.id)).toEqual([all[1]?.id]);
    expect(await store.events.deleteBefore(new Date(3))).toBe(2);
    await store.config.set({ a: '1', b: '2' });
    await store.config.set({ a: null, b: '3' });
    expect(await store.config.all()).toEqual({ b: '3' });
  });

  it('keeps warnings, the oldest first', async () => {
    const store = await make();
    const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
    const warning = (type: string, seconds: number, status: 'new' | 'resolved' = 'new') => {
      const times = { firstSeenAt: at(seconds), lastSeenAt: at(seconds), updatedAt: at(seconds) };
      return { id: randomUUID(), type, project: '', entity: 'pool' as const, entityId: 'x', status, count: 1, message: 'm', ...times };
    };
    const [late, early, over] = [warning('a', 9), warning('b', 1), warning('c', 5, 'resolved')];
    for (const row of [late, early, over]) await store.warnings.insert(row);
    expect((await store.warnings.list()).map(({ type }) => type)).toEqual(['b', 'c', 'a']);
    expect(await store.warnings.about('a', 'pool', 'x')).toEqual(late);
    expect(await store.warnings.about('a', 'network', 'x')).toBeNull();
    await store.warnings.update(late.id, { count: 2, status: 'acknowledged' });
    expect(await store.warnings.get(late.id)).toEqual({ ...late, count: 2, status: 'acknowledged' });
    await store.warnings.deleteResolvedBefore(at(5));
    await store.warnings.deleteResolvedBefore(at(6));
    await store.warnings.delete(early.id);
    await expect(store.warnings.delete(early.id)).rejects.toThrow(RowMissing);
    expect((await store.warnings.list()).map(({ type }) => type)).toEqual(['a']);
    expect(await store.warnings.get(randomUUID())).toBeNull();
  });

  it('commits and rolls back transactions', async () => {
    const store = await make();
    const row = operation();
    await store.tx(async (tx) => {
      await tx.operations.insert(row);
      await tx.config.set({ k: 'v' });
      await expect(tx.tx(async () => {})).rejects.toThrow('nest');
    });
    const failing = store.tx(async (tx) => {
      await tx.operations.advance(row.id, { ...row, revision: 1, statusCode: 200 });
      await tx.operations.insert(row);
    });
    await expect(failing).rejects.toThrow(RowConflict);
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    await expect(store.tx(async () => Promise.reject(missing))).rejects.toBe(missing);
    expect((await store.operations.get(row.id))?.statusCode).toBe(103);
    expect(await store.config.all()).toEqual({ k: 'v' });
  });
});

describe.each([
  ['PostgresStore', () => cluster.newStore()],
  ['MemoryStore', async () => new MemoryStore()],
] as [string, () => Promise<Store>][])('a transaction of %s with a refused statement', (_, make) => {
  it('fails, also when the refusal was caught', async () => {
    const store = await make();
    const row = operation();
    const swallowing = store.tx(async (tx) => {
      await tx.operations.insert(row);
      await tx.operations.insert(row).catch(() => {});
    });
    await expect(swallowing).rejects.toThrow(RowConflict);
    expect(await store.operations.get(row.id)).toBeNull();
  });

  it('takes statements that do not wait for each other', async () => {
    const store = await make();
    await store.tx(async (tx) => {
      await Promise.all([tx.operations.insert(operation()), tx.operations.insert(operation()), tx.config.set({ a: 'b' })]);
    });
    expect((await store.operations.unfinished({ limit: 10 })).length).toBe(2);
  });
});

describe('PostgresStore alone', () => {
  it('finds nothing under an id that is none', async () => {
    const store = await cluster.newStore();
    expect(await store.instances.byId("x'; --")).toBeNull();
    await expect(store.operations.advance('x', operation())).rejects.toThrow(RowMissing);
  });

  it('refuses NUL as bad input', async () => {
    const store = await cluster.newStore();
    const refused = await store.instances.insert(instance('a', { config: { 'user.x': 'a\u0000b' } })).catch((error) => error);
    expect(isLxError(refused, 'request.invalid')).toBe(true);
    for (const text of ['a\u0000b', 'half \ud800'])
      await expect(
        store.events.append([{ type: 'lifecycle', project: 'default', at: new Date(), metadata: { text } }]),
      ).rejects.toMatchObject({
        code: 'request.invalid',
      });
  });

  it('has migrations that make exactly the entities', async () => {
    const socket = await cluster.newDatabase();
    await (await openStore({ socket }, testServer())).close();
    const source = await dataSource({ socket }, randomUUID()).initialize();
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map((query) => query.query)).toEqual([]);
    const runner = source.createQueryRunner();
    for (const migration of [...source.migrations].reverse()) await migration.down(runner);
    await runner.release();
    expect(await source.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")).toEqual([
      { relname: 'migration' },
    ]);
    await source.destroy();
  });
});

it('no statement follows the end of a transaction', async () => {
  const store = await cluster.newStore();
  const ended: Store[] = [];
  await store.tx(async (tx) => void ended.push(tx));
  const failing = store.tx(async (tx) => {
    ended.push(tx);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  for (const tx of ended) await expect(tx.config.set({ late: 'x' })).rejects.toThrow('the transaction is over');
  expect(await store.config.all()).toEqual({});
});
