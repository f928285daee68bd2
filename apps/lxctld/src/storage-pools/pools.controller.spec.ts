import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PoolStorage, storageDrivers } from '#lib/storage';
import { quietEngine } from '../../../../libs/storage/src/testing.ts';
import { MemoryStore } from '../../../../libs/store/src/fake/index.ts';
import { type Method, type RimServer, serveRim } from '../testing/rim-server.ts';
import { ENGINE, STORAGE } from '../tokens.ts';
import { PoolsController } from './pools.controller.ts';
import { VolumesController } from './volumes.controller.ts';

let stateDir = '';
let storage: PoolStorage;
let rim: RimServer;
const store = new MemoryStore();
const told: string[] = [];

beforeAll(async () => {
  stateDir = await mkdtemp('/tmp/lxctl-pools-api-');
  const drivers = Object.fromEntries(
    Object.entries(storageDrivers).map(([name, driver]) => [name, { ...driver, pool: { ...driver.pool, probe: async () => {} } }]),
  );
  storage = new PoolStorage({ engine: quietEngine(store), stateDir, store, drivers });
  const engine = {
    events: {
      lifecycle: (_project: string, event: { action: string; source: string }) => void told.push(`${event.action} ${event.source}`),
    },
  };
  const providers = [
    { provide: STORAGE, useValue: storage },
    { provide: ENGINE, useValue: engine },
  ];
  rim = await serveRim({ controllers: [PoolsController, VolumesController], providers });
});
afterAll(async () => {
  await rim.close();
  await rm(stateDir, { recursive: true });
});

const call = (method: Method, path: string, body?: object, headers = {}) => rim.call(method, `/1.0/storage-pools${path}`, body, headers);

describe('/1.0/storage-pools', () => {
  it('makes a pool and shows it', async () => {
    expect((await call('POST', '', { name: 'default', driver: 'overlay' })).status).toBe(201);
    expect((await call('GET', '/default')).metadata).toEqual({
      name: 'default',
      driver: 'overlay',
      description: '',
      config: { source: join(stateDir, 'storage-pools/default') },
      used_by: [],
      status: 'Created',
      locations: ['none'],
    });
    expect((await call('GET', '')).metadata).toEqual(['/1.0/storage-pools/default']);
    expect((await call('GET', '/default/resources')).metadata).toMatchObject({
      space: { total: expect.any(Number) },
      inodes: { used: expect.any(Number) },
    });
    expect(told).toEqual(['storage-pool-created /1.0/storage-pools/default']);
  });

  it.each<[string, object, number, string]>([
    ['no name', { driver: 'dir' }, 400, 'No name provided'],
    ['no driver', { name: 'x' }, 400, 'No driver provided'],
    ['an unknown driver', { name: 'x', driver: 'zfs' }, 400, 'Unknown driver "zfs"'],
    ['an unknown key', { name: 'x', driver: 'dir', config: { 'zfs.pool_name': 'x' } }, 400, 'Invalid option "zfs.pool_name"'],
    ['a taken name', { name: 'default', driver: 'dir' }, 400, 'The storage pool already exists'],
    ['a config that is none', { name: 'x', driver: 'dir', config: [] }, 400, 'config'],
  ])('refuses %s', async (_what, body, status, text) => {
    const answer = await call('POST', '', body);
    expect([answer.error.includes(text), answer.error, Math.floor(answer.status / 100)]).toEqual([
      true,
      answer.error,
      Math.floor(status / 100),
    ]);
  });

  it('changes config by the ETag', async () => {
    const { etag } = (await call('GET', '/default')).headers;
    expect((await call('PATCH', '/default', { config: { 'user.a': '1' } }, { 'if-match': etag })).status).toBe(200);
    expect((await call('PATCH', '/default', { config: { 'user.a': '2' } }, { 'if-match': etag })).status).toBe(412);
    expect((await call('PUT', '/default', { description: 'd', config: {} })).status).toBe(200);
    expect((await call('GET', '/default')).metadata).toMatchObject({
      description: 'd',
      config: { source: join(stateDir, 'storage-pools/default') },
    });
  });

  it('lists volumes with their users, and stays while it has instances', async () => {
    const root = { id: randomUUID(), project: 'default', name: 'c1', pool: 'default', image: null };
    await storage.roots.reserve(store, root);
    expect((await call('GET', '/default/volumes')).metadata).toEqual(['/1.0/storage-pools/default/volumes/container/c1']);
    expect((await call('GET', '/default/volumes/container?recursion=1')).metadata).toEqual([
      expect.objectContaining({ name: 'c1', used_by: ['/1.0/instances/c1'], location: 'none' }),
    ]);
    expect((await call('GET', '/default/volumes/custom')).metadata).toEqual([]);
    expect(await call('GET', '/default/volumes/container/c2')).toMatchObject({ status: 404, error: 'Storage pool volume not found' });
    expect((await call('GET', '/default/volumes/nonsense')).status).toBe(400);
    expect(await call('DELETE', '/default')).toMatchObject({ status: 400, error: 'The storage pool is currently in use' });
    await storage.roots.remove(store, root.id);
    expect((await call('DELETE', '/default')).status).toBe(200);
    expect(await call('GET', '/default')).toMatchObject({ status: 404, error: 'Storage pool not found' });
  });
});
