import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StorageDriver } from './driver.ts';
import { storageDrivers } from './drivers/index.ts';
import { PoolStorage } from './pool-storage.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';

const fingerprint = 'ab'.repeat(32);
const volume = { pool: 'default', project: 'default', instance: 'c1' };

/** The real drivers without the probe, which needs root. */
const drivers = Object.fromEntries(
  Object.entries(storageDrivers).map(([name, driver]) => [
    name,
    { ...driver, pool: { ...driver.pool, probe: async () => {} } } satisfies StorageDriver,
  ]),
);

let stateDir = '';
let store: MemoryStore;
let storage: PoolStorage;
const unpack = async (directory: string) => {
  await mkdir(join(directory, 'rootfs', 'etc'), { recursive: true });
  await writeFile(join(directory, 'metadata.yaml'), '');
};
const create = (name: string, driver: string, config = {}) => storage.createPool({ name, driver, description: '', config });
const there = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

beforeEach(async () => {
  stateDir = await mkdtemp('/tmp/lxctl-pools-');
  store = new MemoryStore();
  storage = new PoolStorage({ stateDir, store, drivers });
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

describe('pools', () => {
  it('are made in the state directory and hide what they hold', async () => {
    const row = await create('default', 'overlay', { 'user.note': 'x' });
    const place = join(stateDir, 'storage-pools', 'default');
    expect(row.config).toEqual({ 'user.note': 'x', source: place });
    for (const name of ['images', 'containers', 'unpacking']) expect((await stat(join(place, name))).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['a name with a slash', 'a/b', 'overlay', {}, 'Invalid storage pool name'],
    ['no name', '', 'overlay', {}, 'No name provided'],
    ['an unknown driver', 'p', 'zfs', {}, 'Unknown storage driver "zfs": this server has overlay, dir'],
    ['an unknown key', 'p', 'dir', { size: '1GiB' }, 'Unknown configuration key: size'],
    ['a relative source', 'p', 'dir', { source: 'x' }, 'an absolute path'],
    ['a source that is not there', 'p', 'dir', { source: '/nowhere/at/all' }, 'does not exist'],
    ['a source with things in it', 'p', 'dir', { source: '/usr' }, 'it is not empty'],
    ["the server's own directory", 'p', 'dir', { source: '/etc/passwd' }, 'not a directory'],
  ])('refuse %s', async (_what, name, driver, config, text) => {
    await expect(create(name, driver, config)).rejects.toThrow(text);
    expect(await store.pools.list()).toEqual([]);
  });

  it('refuse a name that is taken and a source that another pool has', async () => {
    const source = await mkdtemp('/tmp/lxctl-source-');
    await create('one', 'dir', { source });
    await expect(create('one', 'dir')).rejects.toThrow('already exists');
    await expect(create('two', 'dir', { source })).rejects.toThrow('the pool "one" is there');
    await storage.deletePool('one');
    expect(await readdir(source)).toEqual([]);
    await rm(source, { recursive: true });
  });

  it('keep source and refuse another', async () => {
    await create('default', 'dir');
    await storage.updatePool('default', { description: 'd', config: { 'user.a': '1' } });
    const row = await storage.pool('default');
    expect(row).toMatchObject({ description: 'd', config: { 'user.a': '1', source: join(stateDir, 'storage-pools/default') } });
    await expect(storage.updatePool('default', { config: { source: '/srv' } })).rejects.toThrow('cannot be changed');
  });

  it('are not deleted while they hold instances', async () => {
    await create('default', 'overlay');
    const row = await store.volumes.insert(await storage.volumeRow(volume, null));
    await expect(storage.deletePool('default')).rejects.toThrow('currently in use');
    expect(await storage.usedBy('default')).toEqual(['/1.0/instances/c1']);
    await store.volumes.delete(row.id);
    await storage.deletePool('default');
    expect(await there(join(stateDir, 'storage-pools/default'))).toBe(false);
  });
});

describe.each(['overlay', 'dir'])('images and roots on %s', (driver) => {
  const image = () => join(stateDir, 'storage-pools/default/images', fingerprint);
  const root = (name = 'c1') => join(stateDir, 'storage-pools/default/containers', name);
  const again = async () => {
    storage = new PoolStorage({ stateDir, store, drivers });
    await storage.prepare();
  };
  beforeEach(() => create('default', driver));

  it('unpack once for callers that come together', async () => {
    let times = 0;
    const counted = (directory: string) => {
      times++;
      return unpack(directory);
    };
    await Promise.all([1, 2, 3].map(() => storage.ensureImage('default', fingerprint, counted)));
    await storage.ensureImage('default', fingerprint, counted);
    expect(times).toBe(1);
    expect((await storage.volumes('default', 'default')).map((row) => [row.type, row.name])).toEqual([['image', fingerprint]]);
  });

  it('leave nothing of an unpack that failed, and try again', async () => {
    const failing = async (directory: string) => {
      await unpack(directory);
      throw new Error('disk full');
    };
    await expect(storage.ensureImage('default', fingerprint, failing)).rejects.toThrow('disk full');
    expect(await readdir(join(stateDir, 'storage-pools/default/unpacking'))).toEqual([]);
    expect(await there(image())).toBe(false);
    await storage.ensureImage('default', fingerprint, unpack);
    expect(await there(image())).toBe(true);
  });

  it('sweep what a crash left', async () => {
    await mkdir(join(stateDir, 'storage-pools/default/unpacking/x/rootfs'), { recursive: true });
    await mkdir(join(image(), 'rootfs'), { recursive: true });
    await again();
    expect(await readdir(join(stateDir, 'storage-pools/default/unpacking'))).toEqual([]);
    expect(await there(image())).toBe(false);
  });

  it('make, rename and remove roots, any number of times', async () => {
    await storage.ensureImage('default', fingerprint, unpack);
    await storage.createRoot(volume, fingerprint);
    await storage.createRoot(volume, fingerprint);
    expect((await stat(root())).mode & 0o777).toBe(0o700);
    await storage.renameRoot(volume, 'c2');
    await storage.renameRoot(volume, 'c2');
    expect(await there(root('c2'))).toBe(true);
    await storage.deleteRoot({ ...volume, instance: 'c2' });
    await storage.deleteRoot({ ...volume, instance: 'c2' });
    expect(await readdir(join(stateDir, 'storage-pools/default/containers'))).toEqual([]);
  });

  it('refuse a root of an image that is not there', async () => {
    await expect(storage.createRoot(volume, fingerprint)).rejects.toThrow('Image not found');
    expect(await there(root())).toBe(false);
  });

  it('remove a root without following its symlinks', async () => {
    await writeFile(join(stateDir, 'precious'), 'kept');
    await storage.ensureImage('default', fingerprint, unpack);
    await storage.createRoot(volume, fingerprint);
    await symlink(stateDir, join(root(), 'out'));
    await storage.deleteRoot(volume);
    expect(await readFile(join(stateDir, 'precious'), 'utf8')).toBe('kept');
  });

  it('drop an image at once when nothing uses its tree', async () => {
    await storage.ensureImage('default', fingerprint, unpack);
    await storage.dropImage(fingerprint);
    await storage.dropImage(fingerprint);
    expect(await there(image())).toBe(false);
    expect(await storage.volumes('default', 'default')).toEqual([]);
  });

  it('drop an image that is in use with its last root', async () => {
    await storage.ensureImage('default', fingerprint, unpack);
    await storage.createRoot(volume, fingerprint);
    await storage.createRoot({ ...volume, instance: 'c2' }, fingerprint);
    await storage.dropImage(fingerprint);
    const stays = driver === 'overlay';
    expect(await there(image())).toBe(stays);
    await expect(storage.createRoot({ ...volume, instance: 'c3' }, fingerprint)).rejects.toThrow('Image not found');
    await storage.deleteRoot(volume);
    expect(await there(image())).toBe(stays);
    await again();
    expect(await there(image())).toBe(stays);
    await storage.deleteRoot({ ...volume, instance: 'c2' });
    expect(await there(image())).toBe(false);
  });

  it('take a dropped image back when it comes again', async () => {
    await storage.ensureImage('default', fingerprint, unpack);
    await storage.createRoot(volume, fingerprint);
    await storage.dropImage(fingerprint);
    await storage.ensureImage('default', fingerprint, unpack);
    await storage.deleteRoot(volume);
    expect(await there(image())).toBe(true);
    expect((await storage.volumes('default', 'default')).length).toBe(1);
  });

  it('tell the space of the file system', async () => {
    const { space, inodes } = await storage.poolResources('default');
    expect(space.total).toBeGreaterThan(space.used);
    expect(inodes.total).toBeGreaterThanOrEqual(inodes.used);
  });
});
