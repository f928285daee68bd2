import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { fingerprint, StorageWorld } from './testing/storage-world.ts';

let world: StorageWorld;
afterEach(() => world.end());
const why = lackOfRoot();

const pairs = [
  ['overlay', 'dir'],
  ['dir', 'overlay'],
  ['overlay', 'overlay'],
] as const;

describe.skipIf(why !== '').each(pairs)(titled('roots that go from %s to %s', why), (here, there) => {
  async function moving() {
    world = await StorageWorld.make(here);
    const { storage, root } = world;
    await storage.pools.create({ name: 'two', driver: there, description: '', config: {} });
    const snapshot = await world.snapshot('s');
    await world.write(root.id, 'later');
    const { id: from } = await storage.pools.get('default');
    const moved = [
      { root: snapshot, isSnapshot: true },
      { root, isSnapshot: false },
    ];
    const image = await storage.roots.imageAcross('two', root.id);
    return { moves: storage.moves, moved, from, snapshot, root, image };
  }
  const names = async (pool: string) => (await world.storage.volumes.list(pool, 'default')).map(({ name }) => name).sort();

  it('are there with their snapshots, and nothing of them stays', async () => {
    const { moves, moved, from, root, snapshot, image } = await moving();
    expect(image).toBe(fingerprint);
    for (const _ of [1, 2]) await moves.copy('two', image, moved, {});
    await moves.settle(world.store, 'two', image, moved);
    for (const _ of [1, 2]) await moves.clear(from, moved);
    expect([await names('default'), await names('two')]).toEqual([
      [fingerprint],
      there === 'overlay' ? [fingerprint, 'c1', 'c1/s'] : ['c1', 'c1/s'],
    ]);
    for (const place of ['volumes', 'containers', 'layers', 'unpacking', '../two/unpacking']) expect(await world.names(place)).toEqual([]);
    expect(await world.names('../two/containers')).toEqual(['c1']);
    await world.storage.roots.restore(root, snapshot.id);
    const { layers } = await world.storage.roots.recipe(root);
    expect(layers.every(({ path }) => path.startsWith(world.at('../two')))).toBe(true);
    expect(await world.storage.roots.withTree(root.id, (tree) => readFile(join(tree, 'file'), 'utf8'))).toBe('first');
    expect(await world.storage.roots.withTree(root.id, (tree) => readdir(tree).then((each) => each.sort()))).toEqual(['file', 'image']);
  });

  it('are taken back, unless their rows say that they are there', async () => {
    const { moves, moved, image } = await moving();
    await moves.copy('two', image, moved, {});
    await moves.takeBack('two', moved);
    expect(await world.names('../two/volumes')).toEqual([]);
    await moves.copy('two', image, moved, {});
    await moves.settle(world.store, 'two', image, moved);
    await moves.takeBack('two', moved);
    expect(await world.names('../two/volumes')).toHaveLength(2);
  });
});
