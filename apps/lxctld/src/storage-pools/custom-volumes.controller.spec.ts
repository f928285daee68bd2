import { mkdtemp, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveParts } from '../../../../libs/storage/src/testing/custom-world.ts';
import { OperationEngine } from '#lib/engine';
import { CustomVolumes, PoolStorage, storageDrivers } from '#lib/storage';
import { quietEngine } from '../../../../libs/storage/src/testing.ts';
import { MemoryStore } from '../../../../libs/store/src/fake/index.ts';
import { type Method, type RimServer, serveRim } from '../testing/rim-server.ts';
import { CUSTOM_VOLUMES, ENGINE, STORAGE } from '../tokens.ts';
import { CustomVolumesController } from './custom-volumes.controller.ts';
import { PoolsController } from './pools.controller.ts';
import { VolumeSnapshotsController } from './volume-snapshots.controller.ts';
import { VolumeBackupsController } from './volume-backups.controller.ts';
import { VolumesController } from './volumes.controller.ts';

let stateDir = '';
let rim: RimServer;
let engine: OperationEngine;
const problems: unknown[] = [];

beforeAll(async () => {
  stateDir = await mkdtemp('/tmp/lxctl-volumes-api-');
  const store = new MemoryStore();
  const drivers = Object.fromEntries(
    Object.entries(storageDrivers).map(([name, driver]) => [name, { ...driver, pool: { ...driver.pool, probe: async () => {} } }]),
  );
  const storage = new PoolStorage({ engine: quietEngine(store), stateDir, store, drivers });
  const report = (_: string, cause: unknown) => void problems.push(cause);
  engine = new OperationEngine({ store, report: ({ error }) => void problems.push(error) });
  const parts = archiveParts(stateDir);
  await parts.arrivals.prepare();
  const volumes = new CustomVolumes({
    store,
    engine,
    places: storage.customPlaces,
    lockOf: ({ name }) => name,
    now: () => new Date(),
    report,
    ...parts,
  });
  for (const name of ['default', 'two']) await storage.pools.create({ name, driver: 'dir', description: '', config: {} });
  const providers = [
    { provide: STORAGE, useValue: storage },
    { provide: ENGINE, useValue: engine },
    { provide: CUSTOM_VOLUMES, useValue: volumes },
  ];
  rim = await serveRim({
    controllers: [CustomVolumesController, PoolsController, VolumeBackupsController, VolumeSnapshotsController, VolumesController],
    providers,
  });
});
afterAll(async () => {
  await rim.close();
  await engine.shutdown(0);
  await rm(stateDir, { recursive: true });
  expect(problems).toEqual([]);
});

const call = (method: Method, path: string, body?: object, headers = {}) =>
  rim.call(method, `/1.0/storage-pools/default/volumes${path}`, body, headers);

const settled = async (asked: ReturnType<typeof call>) => {
  const { status, metadata } = await asked;
  expect(status).toBe(202);
  await engine.get((metadata as { id: string }).id)?.done;
};

describe('/1.0/storage-pools/{pool}/volumes', () => {
  it('makes a custom volume by either URL, without an operation', async () => {
    expect(await call('POST', '', { name: 'a', type: 'custom', config: { 'user.x': 'y' } })).toMatchObject({ status: 200 });
    expect(await call('POST', '/custom', { name: 'b', content_type: 'filesystem' })).toMatchObject({ status: 200 });
    expect((await call('GET', '/custom')).metadata).toEqual([
      '/1.0/storage-pools/default/volumes/custom/a',
      '/1.0/storage-pools/default/volumes/custom/b',
    ]);
    expect((await call('GET', '/custom/a')).metadata).toMatchObject({
      name: 'a',
      type: 'custom',
      content_type: 'filesystem',
      config: { 'user.x': 'y' },
      description: '',
      used_by: [],
      location: 'none',
    });
    expect((await call('GET', '?recursion=1&filter=config.user.x%20eq%20y')).metadata).toEqual([expect.objectContaining({ name: 'a' })]);
  });

  it.each<[string, string, object, number, string]>([
    ['no type', '', { name: 'x' }, 400, 'You must provide a storage volume type of the storage volume'],
    ['no name', '/custom', {}, 400, 'No name provided'],
    ['a slash', '/custom', { name: 'x/y' }, 400, 'Storage volume names may not contain slashes'],
    ['another type', '/container', { name: 'x' }, 400, 'Currently not allowed to create storage volumes of type "container"'],
    ['a block volume', '/custom', { name: 'x', content_type: 'block' }, 400, 'disks of virtual machines'],
    ['a content type that is none', '/custom', { name: 'x', content_type: 'n' }, 400, 'Invalid volume content type name'],
    ['a source that is none', '/custom', { name: 'x', source: { type: 'n' } }, 400, 'Unknown source type "n"'],
    ['a copy of nothing', '/custom', { name: 'x', source: { type: 'copy' } }, 400, 'No source volume name supplied'],
    ['a copy of what is not there', '/custom', { name: 'x', source: { type: 'copy', name: 'n' } }, 404, 'Storage pool volume not found'],
    ['a volume of another server', '/custom', { name: 'x', source: { type: 'migration' } }, 501, 'storage volumes from another server'],
    ['a refresh', '/custom', { name: 'x', source: { type: 'copy', name: 'a', refresh: true } }, 501, 'refreshing storage volumes'],
    ['a taken name', '/custom', { name: 'a' }, 409, 'Volume by that name already exists'],
    ['an unknown option', '/custom', { name: 'x', config: { nonsense: '1' } }, 400, 'option "nonsense"'],
  ])('refuses %s', async (_what, path, body, status, text) => {
    const answer = await call('POST', path, body);
    expect([answer.status, answer.error]).toEqual([status, expect.stringContaining(text)]);
  });

  it('changes a volume by its ETag', async () => {
    const { etag } = (await call('GET', '/custom/a')).headers;
    expect((await call('PATCH', '/custom/a', { config: { 'user.z': '1' } }, { 'if-match': etag })).status).toBe(200);
    expect((await call('PATCH', '/custom/a', { config: { 'user.z': '2' } }, { 'if-match': etag })).status).toBe(412);
    expect((await call('GET', '/custom/a')).metadata).toMatchObject({ config: { 'user.x': 'y', 'user.z': '1' } });
    expect(await call('PUT', '/custom/a', { config: { size: '1GiB' } })).toMatchObject({ status: 400 });
    expect((await call('PUT', '/custom/a', { description: 'd', config: {} })).status).toBe(200);
    expect((await call('GET', '/custom/a')).metadata).toMatchObject({ config: {}, description: 'd' });
    expect(await call('PUT', '/custom/a', { restore: 's' })).toMatchObject({ status: 404 });
    expect(await call('PUT', '/container/a', { config: {} })).toMatchObject({ status: 501 });
    expect(await call('PUT', '/nonsense/a', { config: {} })).toMatchObject({ status: 400, error: 'Invalid storage volume type name' });
  });

  it('has snapshots, whose names are whole in a list and short in an answer, and goes back by its ETag', async () => {
    await call('POST', '/custom', { name: 'snapped', description: 'of it', config: { 'user.x': 'y' } });
    await settled(call('POST', '/custom/snapped/snapshots', { name: 's' }));
    const at = '/1.0/storage-pools/default/volumes/custom/snapped/snapshots';
    expect((await call('GET', '/custom/snapped/snapshots')).metadata).toEqual([`${at}/s`]);
    const snapshot = { description: 'of it', config: { 'user.x': 'y' }, expires_at: '0001-01-01T00:00:00Z' };
    expect((await call('GET', '/custom/snapped/snapshots?recursion=1')).metadata).toMatchObject([{ ...snapshot, name: 'snapped/s' }]);
    const shown = await call('GET', '/custom/snapped/snapshots/s');
    expect(shown.metadata).toMatchObject({ ...snapshot, name: 's' });
    expect((await call('GET', '/custom')).metadata).toContain(`${at}/s`);
    const etag = { 'if-match': String(shown.headers.etag) };
    expect(await call('PATCH', '/custom/snapped/snapshots/s', { description: 'new' }, etag)).toMatchObject({ status: 200 });
    expect(await call('PUT', '/custom/snapped/snapshots/s', { description: 'old' }, etag)).toMatchObject({ status: 412 });
    expect(await call('PUT', '/custom/snapped', { restore: 's' }, { 'if-match': 'x' })).toMatchObject({ status: 412 });
    expect(await call('PUT', '/custom/snapped', { restore: 's' })).toMatchObject({ status: 200 });
    expect(await call('POST', '/container/c1/snapshots', { name: 's' })).toMatchObject({ status: 501 });
    await settled(call('DELETE', '/custom/snapped/snapshots/s'));
    expect(await call('GET', '/custom/snapped/snapshots/s')).toMatchObject({ status: 404 });
    expect(await call('DELETE', '/custom/snapped')).toMatchObject({ status: 200 });
  });

  it('has backups, by the names of LXD', async () => {
    const at = '/1.0/storage-pools/default/volumes/custom/a/backups';
    await settled(
      call('POST', '/custom/a/backups', { volume_only: true, compression_algorithm: 'none', expires_at: '2999-01-02T03:04:05Z' }),
    );
    expect((await call('GET', '/custom/a/backups')).metadata).toEqual([`${at}/backup0`]);
    const shown = { name: 'backup0', volume_only: true, optimized_storage: false, expires_at: '2999-01-02T03:04:05.000Z' };
    expect((await call('GET', '/custom/a/backups?recursion=1')).metadata).toMatchObject([shown]);
    expect((await call('GET', '/custom/a/backups/backup0')).metadata).toMatchObject(shown);
    await settled(call('POST', '/custom/a/backups/backup0', { name: 'kept' }));
    const { headers, content } = await rim.bytes(`${at}/kept/export`);
    expect(headers).toMatchObject({ 'content-disposition': 'attachment; filename=a.tar', 'content-length': String(content.length) });
    expect(content.toString('latin1', 0, 17)).toBe('backup/index.yaml');
    await settled(call('DELETE', '/custom/a/backups/kept'));
    for (const path of ['kept', 'kept/export']) {
      const gone = await call('GET', `/custom/a/backups/${path}`);
      expect([gone.status, gone.error]).toEqual([404, 'Storage volume backup not found']);
    }
    expect(await call('POST', '/custom/a/backups', { optimized_storage: true })).toMatchObject({ status: 400 });
    expect(await call('POST', '/container/c1/backups', {})).toMatchObject({ status: 501 });
    expect(await call('GET', '/custom/none/backups')).toMatchObject({ status: 404 });
  });

  it.each([
    [{ 'x-incus-type': 'iso' }, 400, 'content type "iso" are not supported by this server: they are disks of virtual machines'],
    [{ 'x-lxd-name': 'x' }, 400, 'Invalid backup: the file is not an archive'],
  ])('makes none of a file that is no backup: %j', async (headers, status, text) => {
    const answer = await call('POST', '/custom', Buffer.from('no archive'), { 'content-type': 'application/octet-stream', ...headers });
    expect([answer.status, answer.error]).toEqual([status, expect.stringContaining(text)]);
  });

  it('renames in one answer, copies and moves in an operation, deletes', async () => {
    const ended = async ({ status, body }: Awaited<ReturnType<typeof call>>) => {
      expect(status).toBe(202);
      expect((await engine.get((body.metadata as { id: string }).id)?.done)?.err).toBe('');
    };
    const renamed = await call('POST', '/custom/b', { name: 'c' });
    expect([renamed.status, renamed.headers.location]).toEqual([201, '/1.0/storage-pools/default/volumes/custom/c']);
    expect(await call('POST', '/custom/c', { name: 'a' })).toMatchObject({ status: 409 });
    await ended(await call('POST', '/custom', { name: 'd', source: { type: 'copy', name: 'c' } }));
    await ended(await call('POST', '/custom/d', { name: 'd', pool: 'two' }));
    expect(await call('GET', '/custom/d')).toMatchObject({ status: 404 });
    expect((await rim.call('GET', '/1.0/storage-pools/two/volumes')).metadata).toEqual(['/1.0/storage-pools/two/volumes/custom/d']);
    expect((await rim.call('GET', '/1.0/storage-pools/two')).metadata).toMatchObject({
      used_by: ['/1.0/storage-pools/two/volumes/custom/d'],
    });
    expect((await call('GET', '/custom/c/state')).metadata).toEqual({ usage: { used: expect.any(Number), total: 0 } });
    expect((await call('DELETE', '/custom/c')).status).toBe(200);
    expect(await call('DELETE', '/custom/c')).toMatchObject({ status: 404, error: 'Storage pool volume not found' });
    expect(await call('DELETE', '/container/c')).toMatchObject({ status: 501 });
  });
});
