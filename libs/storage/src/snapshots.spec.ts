import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PoolStorage } from './pool-storage.ts';
import { quietEngine, unprobedDrivers as drivers } from './testing.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';

const fingerprint = 'ab'.repeat(32);
const project = 'default';
const c1 = { id: '00000000-0000-4000-8000-000000000001', project, name: 'c1', pool: 'default', image: fingerprint };
const snap = (last: number, name: string) => ({
  id: `00000000-0000-4000-8000-00000000001${last}`,
  project,
  root: c1.id,
  name: `c1/${name}`,
});
const [s0, s1] = [snap(0, 's0'), snap(1, 's1')];

let stateDir = '';
let store: MemoryStore;
let storage: PoolStorage;
const pool = (...path: string[]) => join(stateDir, 'storage-pools/default', ...path);
const there = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
const again = async () => {
  storage = new PoolStorage({ engine: quietEngine(store), stateDir, store, drivers });
  await storage.prepare();
};

beforeEach(async () => {
  stateDir = await mkdtemp('/tmp/lxctl-snapshots-');
  store = new MemoryStore();
  storage = new PoolStorage({ engine: quietEngine(store), stateDir, store, drivers });
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

describe.each([
  ['overlay', 'upper'],
  ['dir', 'rootfs'],
])('snapshots of roots on %s', (driver, own) => {
  /** The directories that a volume stands on, the uppermost first. */
  const trees = async (id: string) => {
    const [head = '', ...below] = (await readlink(pool('volumes', id, 'chain')).catch(() => '.')).split(':');
    const layers = below.map((layer) => pool('layers', layer, own));
    return head !== '-' ? [head === '.' ? pool('volumes', id, own) : pool('layers', head, own), ...layers] : layers;
  };
  const file = async (id: string) => join((await trees(id))[0] ?? '', 'file');
  const read = async (id: string) => {
    for (const tree of await trees(id)) if (await there(join(tree, 'file'))) return readFile(join(tree, 'file'), 'utf8');
    return null;
  };
  const write = async (id: string, text: string) => writeFile(await file(id), text);
  const take = async (snapshot: typeof s0) => {
    await storage.roots.reserveSnapshot(store, snapshot);
    await storage.roots.snapshot(snapshot, null);
  };
  const discard = async (snapshot: typeof s0) => {
    await storage.roots.delete(snapshot);
    await storage.roots.remove(store, snapshot.id);
  };

  beforeEach(async () => {
    await storage.pools.create({ name: 'default', driver, description: '', config: {} });
    await storage.trees.ensure('default', fingerprint, async (directory) => {
      await mkdir(join(directory, 'rootfs'), { recursive: true });
    });
    await storage.roots.reserve(store, c1);
    await storage.roots.create(c1);
    await write(c1.id, 'first');
  });

  it('keep what was there, whatever becomes of the root', async () => {
    await take(s0);
    await write(c1.id, 'second');
    await take(s1);
    await write(c1.id, 'third');
    expect([await read(s0.id), await read(s1.id), await read(c1.id)]).toEqual(['first', 'second', 'third']);
  });

  it('are cut while the root is held still, and in no other way', async () => {
    await storage.roots.reserveSnapshot(store, s0);
    await storage.roots.snapshot(s0, async (cut) => {
      expect(await read(s0.id)).toBe(null);
      await write(c1.id, 'as it was frozen');
      await cut();
      await write(c1.id, 'goes on');
    });
    expect(await read(s0.id)).toBe('as it was frozen');
    await expect(storage.roots.snapshot(s1, () => Promise.reject(new Error('cannot be frozen')))).rejects.toThrow('cannot be frozen');
    expect(await there(pool('volumes', s1.id))).toBe(false);
  });

  it('give the root their content back, any number of times, and stay', async () => {
    await take(s0);
    for (const text of ['second', 'third']) {
      await write(c1.id, text);
      await storage.roots.restore(c1, s0.id);
      await storage.roots.restore(c1, s0.id);
      expect([await read(c1.id), await read(s0.id)]).toEqual(['first', 'first']);
    }
    const { layers } = await storage.roots.recipe(c1);
    expect(JSON.stringify(layers)).toContain(c1.id);
    expect(JSON.stringify(layers)).not.toContain(s0.id);
    expect(await readdir(pool('unpacking'))).toEqual([]);
  });

  it('are renamed with their root, have no link, and are listed beside it', async () => {
    await take(s0);
    await storage.roots.rename(store, c1.id, 'c2');
    expect((await store.volumes.byId(s0.id))?.name).toBe('c2/s0');
    await again();
    expect(await readdir(pool('containers'))).toEqual(['c2']);
    expect((await storage.volumes.list('default', project)).map(({ name }) => name)).toEqual([fingerprint, 'c2', 'c2/s0']);
    expect(await storage.pools.usedBy('default')).toEqual([
      `/1.0/images/${fingerprint}`,
      '/1.0/instances/c2',
      '/1.0/instances/c2/snapshots/s0',
    ]);
  });

  it('go one by one, in any order, and hold their root until they are gone', async () => {
    for (const each of [s0, s1]) await take(each);
    await expect(storage.roots.remove(store, c1.id)).rejects.toMatchObject({ constraint: 'volume_parent' });
    await discard(s0);
    await discard(s0);
    expect([await there(pool('volumes', s0.id)), await read(s1.id), await read(c1.id)]).toEqual([false, 'first', 'first']);
    expect(await readdir(pool('containers'))).toEqual(['c1']);
    await discard(s1);
    await storage.roots.delete(c1);
    await storage.roots.remove(store, c1.id);
    expect(await readdir(pool('volumes'))).toEqual([]);
  });

  it('keep the tree of an image that was deleted as long as they stand on it', async () => {
    await take(s0);
    await storage.trees.drop(fingerprint);
    await write(c1.id, 'second');
    await storage.roots.restore(c1, s0.id);
    expect(await there(pool('images', fingerprint))).toBe(driver === 'overlay');
    await discard(s0);
    expect(await there(pool('images', fingerprint))).toBe(driver === 'overlay');
    await storage.roots.delete(c1);
    expect(await there(pool('images', fingerprint))).toBe(false);
  });

  it('are refused of a root that is not there, and under a name that is taken', async () => {
    const lost = { ...s0, root: '00000000-0000-4000-8000-0000000000ff' };
    await expect(storage.roots.reserveSnapshot(store, lost)).rejects.toThrow('Storage pool volume not found');
    await storage.roots.reserveSnapshot(store, s0);
    await expect(storage.roots.reserveSnapshot(store, { ...s1, name: s0.name })).rejects.toThrow('Volume by that name already exists');
  });
});
