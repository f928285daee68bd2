import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withMergedTree } from '#lib/host';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { PoolStorage } from './pool-storage.ts';
import { inside } from './testing/inside.ts';
import { quietEngine, unprobedDrivers as drivers } from './testing.ts';

const run = promisify(execFile);
const why = lackOfRoot('unshare', 'mount');
const fingerprint = 'ab'.repeat(32);
const c1 = { id: '00000000-0000-4000-8000-000000000001', project: 'default', name: 'c1', pool: 'default', image: fingerprint };
const snapshot = { id: '00000000-0000-4000-8000-000000000002', project: 'default', root: c1.id, name: 'c1/s1' };

describe.skipIf(why !== '').each(Object.keys(drivers))(titled('the whole tree of a root on %s', why), (driver) => {
  let stateDir = '';
  let storage: PoolStorage;
  const mounts = () => readFile('/proc/self/mountinfo', 'utf8');
  const shown = (id: string) => storage.roots.withTree(id, (tree) => contents(tree));

  const guest = async (script: string) => inside(await storage.roots.recipe(c1), script);

  beforeEach(async () => {
    stateDir = await mkdtemp('/tmp/lxctl-trees-');
    const store = new MemoryStore();
    storage = new PoolStorage({ engine: quietEngine(store), stateDir, store, drivers });
    await storage.pools.create({ name: 'default', driver, description: '', config: {} });
    await storage.trees.ensure('default', fingerprint, async (directory) => {
      await mkdir(join(directory, 'rootfs', 'etc'), { recursive: true });
      for (const name of ['kept', 'gone']) await writeFile(join(directory, 'rootfs', 'etc', name), 'of the image');
      await chown(join(directory, 'rootfs', 'etc', 'kept'), 7, 8);
    });
    await storage.roots.reserve(store, c1);
    await storage.roots.create(c1);
    await guest('rm etc/gone; echo own > own; mkdir bin; ln -s /etc/passwd link');
    await storage.roots.reserveSnapshot(store, snapshot);
    await storage.roots.snapshot(snapshot, null);
    await guest('rm -r etc; mkdir etc; echo later > etc/later');
  });
  afterEach(async () => {
    await storage.retire();
    await rm(stateDir, { recursive: true, force: true });
  });

  it('is what the instance sees, and what a snapshot was', async () => {
    expect(await shown(c1.id)).toEqual({ '.': ['bin', 'etc', 'link', 'own'], etc: ['later'] });
    expect(await shown(snapshot.id)).toEqual({ '.': ['bin', 'etc', 'link', 'own'], etc: ['kept'] });
    await storage.roots.withTree(snapshot.id, async (tree) => {
      const { uid, gid } = await stat(join(tree, 'etc/kept'));
      expect([uid, gid]).toEqual([7, 8]);
    });
  });

  it('is seen by programs, takes no writes, and is nowhere afterwards', async () => {
    const before = await mounts();
    const path = await storage.roots.withTree(c1.id, async (tree) => {
      expect((await run('cat', [join(tree, 'own')])).stdout).toBe('own\n');
      expect((await run('ls', ['-A'], { cwd: tree })).stdout).toBe('bin\netc\nlink\nown\n');
      await expect(writeFile(join(tree, 'own'), 'x')).rejects.toThrow('EROFS');
      await expect(rm(join(tree, 'own'))).rejects.toThrow('EROFS');
      // Not by join(), which would take the dots away.
      expect((await readdir(`${tree}/..`)).sort()).toEqual(['bin', 'etc', 'link', 'own']);
      expect(await mounts()).toBe(before);
      return tree;
    });
    await expect(readdir(path)).rejects.toThrow();
  });

  it('is gone when the reading failed, and there is none of a root that is not there', async () => {
    const fds = async () => (await readdir('/proc/self/fd')).length;
    const before = await fds();
    await expect(storage.roots.withTree(c1.id, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(storage.roots.withTree('00000000-0000-4000-8000-00000000000f', contents)).rejects.toMatchObject({
      code: 'volume.not_found',
    });
    expect(await fds()).toBe(before);
  });
});

it.skipIf(why !== '')(titled('the tree of many layers shows them all, and one that is missing fails', why), async () => {
  const place = await mkdtemp('/tmp/lxctl-layers-');
  const layers = Array.from({ length: 50 }, (_, layer) => join(place, String(layer).padStart(100, '0')));
  try {
    for (const layer of layers) {
      await mkdir(layer);
      await writeFile(join(layer, layer.slice(-2)), '');
    }
    expect((await withMergedTree(layers, (tree) => readdir(tree))).length).toBe(50);
    await expect(withMergedTree([join(place, 'none'), ...layers], (tree) => readdir(tree))).rejects.toThrow('ENOENT');
    await expect(withMergedTree([], (tree) => readdir(tree))).rejects.toThrow();
  } finally {
    await rm(place, { recursive: true });
  }
});

/** Names in the tree's top and in its etc. */
async function contents(tree: string): Promise<Record<string, string[]>> {
  return { '.': (await readdir(tree)).sort(), etc: (await readdir(join(tree, 'etc'))).sort() };
}
