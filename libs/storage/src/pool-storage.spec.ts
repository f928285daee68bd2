import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PoolStorage } from './pool-storage.ts';
import { quietEngine, unprobedDrivers as drivers } from './testing.ts';
import type { NewRoot } from './storage.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';

const fingerprint = 'ab'.repeat(32);
const root = (id: string, name: string) => ({ id, project: 'default', name, pool: 'default', image: fingerprint });
const c1 = root('00000000-0000-4000-8000-000000000001', 'c1');
const c2 = root('00000000-0000-4000-8000-000000000002', 'c2');

let stateDir = '';
let store: MemoryStore;
let storage: PoolStorage;
const unpack = async (directory: string) => {
  await mkdir(join(directory, 'rootfs', 'etc'), { recursive: true });
  await writeFile(join(directory, 'metadata.yaml'), '');
};
const create = (name: string, driver: string, config = {}) => storage.pools.create({ name, driver, description: '', config });
const there = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

beforeEach(async () => {
  stateDir = await mkdtemp('/tmp/lxctl-pools-');
  store = new MemoryStore();
  storage = new PoolStorage({ engine: quietEngine(store), stateDir, store, drivers });
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

describe('pools', () => {
  it('are made in the state directory and hide what they hold', async () => {
    const row = await create('default', 'overlay', { 'user.note': 'x' });
    const place = join(stateDir, 'storage-pools', 'default');
    expect(row.config).toEqual({ 'user.note': 'x', source: place });
    for (const name of ['images', 'volumes', 'containers', 'unpacking']) expect((await stat(join(place, name))).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['a name with a slash', 'a/b', 'overlay', {}, 'Invalid storage pool name'],
    ['no name', '', 'overlay', {}, 'No name provided'],
    ['an unknown driver', 'p', 'zfs', {}, 'Unknown driver "zfs": this server has overlay, dir'],
    ['an unknown key', 'p', 'dir', { size: '1GiB' }, 'Invalid option "size"'],
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
    await storage.pools.delete('one');
    expect(await readdir(source)).toEqual([]);
    await rm(source, { recursive: true });
  });

  it('keep source and refuse another', async () => {
    await create('default', 'dir');
    await storage.pools.update('default', () => ({ description: 'd', config: { 'user.a': '1' } }));
    const row = await storage.pools.get('default');
    expect(row).toMatchObject({ description: 'd', config: { 'user.a': '1', source: join(stateDir, 'storage-pools/default') } });
    await expect(storage.pools.update('default', () => ({ config: { source: '/srv' } }))).rejects.toThrow('cannot be changed');
  });

  it('are not deleted while they hold instances', async () => {
    await create('default', 'overlay');
    await storage.roots.reserve(store, { ...c1, image: null });
    await expect(storage.pools.delete('default')).rejects.toThrow('currently in use');
    expect(await storage.pools.usedBy('default')).toEqual(['/1.0/instances/c1']);
    await storage.roots.remove(store, c1.id);
    await storage.pools.delete('default');
    expect(await there(join(stateDir, 'storage-pools/default'))).toBe(false);
  });
});

describe.each(['overlay', 'dir'])('images and roots on %s', (driver) => {
  const image = () => join(stateDir, 'storage-pools/default/images', fingerprint);
  const place = (root = c1) => join(stateDir, 'storage-pools/default/volumes', root.id);
  const names = () => readdir(join(stateDir, 'storage-pools/default/containers'));
  const seenAs = (name: string) => realpath(join(stateDir, 'storage-pools/default/containers', name));
  const make = async (root: NewRoot) => {
    await storage.roots.reserve(store, root);
    await storage.roots.create(root);
  };
  const discard = async (root: NewRoot) => {
    await storage.roots.delete(root);
    await storage.roots.remove(store, root.id);
  };
  const again = async () => {
    storage = new PoolStorage({ engine: quietEngine(store), stateDir, store, drivers });
    await storage.prepare();
  };
  beforeEach(() => create('default', driver));

  it('unpack once for callers that come together', async () => {
    let times = 0;
    const counted = (directory: string) => {
      times++;
      return unpack(directory);
    };
    await Promise.all([1, 2, 3].map(() => storage.trees.ensure('default', fingerprint, counted)));
    await storage.trees.ensure('default', fingerprint, counted);
    expect(times).toBe(1);
    expect((await storage.volumes.list('default', 'default')).map((row) => [row.type, row.name])).toEqual([['image', fingerprint]]);
  });

  it('leave nothing of an unpack that failed, and try again', async () => {
    const failing = async (directory: string) => {
      await unpack(directory);
      throw new Error('disk full');
    };
    await expect(storage.trees.ensure('default', fingerprint, failing)).rejects.toThrow('disk full');
    expect(await readdir(join(stateDir, 'storage-pools/default/unpacking'))).toEqual([]);
    expect(await there(image())).toBe(false);
    await storage.trees.ensure('default', fingerprint, unpack);
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
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    await storage.roots.create(c1);
    expect((await stat(place())).mode & 0o777).toBe(0o700);
    expect(await seenAs('c1')).toBe(await realpath(place()));
    await storage.roots.rename(store, c1.id, 'renamed');
    const renamed = { ...c1, name: 'renamed' };
    await storage.roots.link(renamed, 'c1');
    await storage.roots.link(renamed, 'c1');
    expect(await names()).toEqual(['renamed']);
    expect(await seenAs('renamed')).toBe(await realpath(place()));
    await discard(renamed);
    await discard(renamed);
    expect([await names(), await there(place())]).toEqual([[], false]);
  });

  it('find roots by id alone, whatever is under their names', async () => {
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    await make(c2);
    // Somebody on the host, or a crash, has mixed the links up.
    const containers = join(stateDir, 'storage-pools/default/containers');
    await rm(join(containers, 'c1'));
    await rename(join(containers, 'c2'), join(containers, 'c1'));
    await symlink('../volumes/nowhere', join(containers, 'gone'));
    const paths = JSON.stringify((await storage.roots.recipe(c1)).layers);
    expect(paths).toContain(c1.id);
    expect(paths).not.toContain(c2.id);
    await again();
    expect((await names()).sort()).toEqual(['c1', 'c2']);
    expect([await seenAs('c1'), await seenAs('c2')]).toEqual([await realpath(place()), await realpath(place(c2))]);
    await discard(c1);
    expect([await names(), await there(place(c2))]).toEqual([['c2'], true]);
  });

  it('remove a root from the pool where it is, whatever pool is asked for now', async () => {
    await create('other', driver);
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    await discard({ ...c1, pool: 'other' });
    expect([await there(place()), await store.volumes.byId(c1.id)]).toEqual([false, null]);
  });

  it('refuse a second volume of a name, and a pool that is gone', async () => {
    await storage.roots.reserve(store, { ...c1, image: null });
    await expect(storage.roots.reserve(store, { ...c2, name: 'c1', image: null })).rejects.toThrow('Volume by that name already exists');
    await storage.roots.reserve(store, { ...c2, image: null });
    await expect(storage.roots.rename(store, c2.id, 'c1')).rejects.toThrow('Volume by that name already exists');
    await expect(storage.roots.reserve(store, { ...c2, pool: 'nowhere' })).rejects.toThrow('Storage pool not found');
  });

  it('know of a root what its row says, also in a later daemon', async () => {
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    const before = await storage.roots.recipe(c1);
    await again();
    expect(await storage.roots.recipe(c1)).toEqual(before);
    await expect(storage.roots.recipe(c2)).rejects.toThrow('Storage pool volume not found');
  });

  it('refuse a root of an image that is not there', async () => {
    await storage.roots.reserve(store, c1);
    await expect(storage.roots.create(c1)).rejects.toThrow('Image not found');
    expect(await there(place())).toBe(false);
  });

  it('remove a root without following its symlinks', async () => {
    await writeFile(join(stateDir, 'precious'), 'kept');
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    await symlink(stateDir, join(place(), 'out'));
    await discard(c1);
    expect(await readFile(join(stateDir, 'precious'), 'utf8')).toBe('kept');
  });

  it('drop an image at once when nothing uses its tree', async () => {
    await storage.trees.ensure('default', fingerprint, unpack);
    await storage.trees.drop(fingerprint);
    await storage.trees.drop(fingerprint);
    expect(await there(image())).toBe(false);
    expect(await storage.volumes.list('default', 'default')).toEqual([]);
  });

  it('drop an image that is in use with its last root', async () => {
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    await make(c2);
    await storage.trees.drop(fingerprint);
    const stays = driver === 'overlay';
    expect(await there(image())).toBe(stays);
    await expect(storage.roots.create(root('00000000-0000-4000-8000-000000000003', 'c3'))).rejects.toThrow('Image not found');
    await discard(c1);
    expect(await there(image())).toBe(stays);
    await again();
    expect(await there(image())).toBe(stays);
    await discard(c2);
    expect(await there(image())).toBe(false);
  });

  it('take a dropped image back when it comes again', async () => {
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    await storage.trees.drop(fingerprint);
    await storage.trees.ensure('default', fingerprint, unpack);
    await discard(c1);
    expect(await there(image())).toBe(true);
    expect((await storage.volumes.list('default', 'default')).map((row) => row.type)).toEqual(['image']);
  });

  it('find one volume without reading all', async () => {
    await storage.trees.ensure('default', fingerprint, unpack);
    await make(c1);
    store.volumes.list = () => Promise.reject(new Error('all are read'));
    const found = async (project: string, type: string, name: string) =>
      (await storage.volumes.get('default', project, type, name)).row.name;
    expect(await found('default', 'container', 'c1')).toBe('c1');
    // Images are every project's.
    expect(await found('other', 'image', fingerprint)).toBe(fingerprint);
    for (const [project, type, name] of [
      ['other', 'container', 'c1'],
      ['default', 'custom', 'c1'],
      ['default', 'constructor', 'c1'],
    ] as const)
      await expect(found(project, type, name)).rejects.toMatchObject({ code: 'volume.not_found' });
  });

  it('tell the space of the file system', async () => {
    const { space, inodes } = await storage.pools.resources('default');
    expect(space.total).toBeGreaterThan(space.used);
    expect(inodes.total).toBeGreaterThanOrEqual(inodes.used);
  });
});
