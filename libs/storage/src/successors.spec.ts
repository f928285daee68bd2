import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Successor } from './storage.ts';
import { StorageWorld } from './testing/storage-world.ts';

const other = 'cd'.repeat(32);

describe.each(['overlay', 'dir'] as const)('a root that takes the place of another one on %s', (driver) => {
  let world: StorageWorld;
  beforeEach(async () => {
    world = await StorageWorld.make(driver);
    await world.storage.trees.ensure('default', other, async (directory) => {
      await mkdir(join(directory, 'rootfs'), { recursive: true });
      await writeFile(join(directory, 'rootfs', 'file'), 'of the image');
    });
  });
  afterEach(() => world.end());

  const make = async (image: string | null): Promise<Successor> => {
    const successor = { ...world.named('next'), image };
    await world.storage.roots.reserveSuccessor(world.store, successor);
    await world.storage.roots.createSuccessor(successor);
    return successor;
  };
  const place = async ({ id, image }: Successor) => {
    const { root } = world;
    await world.storage.roots.replace(root, id);
    await world.storage.roots.setImage(world.store, root.id, image);
    await world.storage.roots.remove(world.store, id);
  };
  /** What the root shows, by what it is built of. */
  const shown = async (id = world.root.id) => {
    const image = await world.storage.roots.imageOf(id);
    const { layers } = await world.storage.roots.recipe({ ...world.root, id });
    const stands = layers.some(({ path }) => image !== null && path === world.at('images', image, 'rootfs'));
    return { file: await world.read(id), image, stands };
  };

  it('holds its image and nothing of what was there', async () => {
    const successor = await make(other);
    expect((await shown()).file).toBe('first');
    await place(successor);
    const [file, stands] = driver === 'overlay' ? [null, true] : ['of the image', false];
    expect(await shown()).toEqual({ file, image: other, stands });
    await world.write(world.root.id, 'mine');
    await world.again();
    expect(await shown()).toEqual({ file: 'mine', image: other, stands });
    expect(await world.names('volumes')).toEqual([world.root.id]);
    expect(await world.names('unpacking')).toEqual([]);
  });

  it('may be empty', async () => {
    await place(await make(null));
    expect(await shown()).toEqual({ file: null, image: null, stands: false });
  });

  it('is there once, however often it is put there', async () => {
    const successor = await make(other);
    expect(await world.storage.roots.isMade(successor.id)).toBe(true);
    await world.storage.roots.createSuccessor(successor);
    await world.storage.roots.replace(world.root, successor.id);
    await world.write(world.root.id, 'mine');
    await world.storage.roots.replace(world.root, successor.id);
    expect(await world.storage.roots.isMade(successor.id)).toBe(false);
    expect(await world.read(world.root.id)).toBe('mine');
  });

  it('comes also after a kill between the two renames', async () => {
    const successor = await make(other);
    await rename(world.at('volumes', world.root.id), world.at('unpacking', 'old'));
    await world.again();
    await place(successor);
    expect(await world.names('volumes')).toEqual([world.root.id]);
    expect(await world.names('unpacking')).toEqual([]);
    expect((await shown()).image).toBe(other);
  });

  it('leaves nothing when it is given up', async () => {
    const before = await Promise.all(['volumes', 'layers', 'containers'].map((name) => world.names(name)));
    const successor = await make(other);
    await world.drop(successor);
    expect(await Promise.all(['volumes', 'layers', 'containers'].map((name) => world.names(name)))).toEqual(before);
    expect((await shown()).file).toBe('first');
  });

  it('leaves copies of the old one alone, and can be copied itself', async () => {
    const { root } = world;
    const copy = await world.copy(root.id);
    await place(await make(other));
    expect(await world.read(copy.id)).toBe('first');
    await world.write(root.id, 'second');
    const snapshot = await world.snapshot('s0');
    await world.write(root.id, 'third');
    await world.again();
    expect(await Promise.all([copy, snapshot, root].map(({ id }) => world.read(id)))).toEqual(['first', 'second', 'third']);
    await world.drop(snapshot);
    await world.drop(copy);
    await world.drop(root);
    expect(await Promise.all(['volumes', 'layers'].map((name) => world.names(name)))).toEqual([[], []]);
  });

  it('has an image that nothing else stands on go with what it was', async () => {
    await world.storage.trees.drop(world.root.image ?? '');
    await place(await make(other));
    expect(await world.names('images')).toEqual([other]);
  });
});
