import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageWorld } from './testing/storage-world.ts';

let world: StorageWorld;
afterEach(() => world.end());

describe.each(['overlay', 'dir'] as const)('roots of trees on %s', (driver) => {
  beforeEach(async () => {
    world = await StorageWorld.make(driver);
  });

  /** A root `filled` that is to hold `now`, and its snapshot that is to hold `then`. */
  async function reserved() {
    const root = { ...world.root, id: '00000000-0000-4000-8000-000000000777', name: 'filled', image: null };
    const snapshot = world.named('s', root);
    await world.storage.roots.reserve(world.store, root);
    await world.storage.roots.reserveSnapshot(world.store, snapshot);
    return { root, snapshot };
  }
  async function tree(directory: string, text: string): Promise<string> {
    await mkdir(join(directory, text));
    await writeFile(join(directory, text, 'file'), text);
    return join(directory, text);
  }

  it('have all of them, and a root takes changes of its own', async () => {
    const { root, snapshot } = await reserved();
    const { roots } = world.storage;
    await roots.fill('default', async (directory) => [
      { root: snapshot, isSnapshot: true, tree: await tree(directory, 'then') },
      { root, isSnapshot: false, tree: await tree(directory, 'now') },
    ]);
    expect([await world.read(root.id), await world.read(snapshot.id)]).toEqual(['now', 'then']);
    expect(await world.there('containers', 'filled', '.')).toBe(true);
    await world.write(root.id, 'later');
    await world.again();
    expect([await world.read(root.id), await world.read(snapshot.id)]).toEqual(['later', 'then']);
    const copy = await world.copy(root.id);
    await world.storage.roots.restore(root, snapshot.id);
    expect([await world.read(root.id), await world.read(copy.id)]).toEqual(['then', 'later']);
    for (const each of [snapshot, root, copy]) await world.drop(each);
    expect(await world.names('unpacking')).toEqual([]);
    expect(await world.names('layers')).toEqual([]);
    expect(await world.names('volumes')).toEqual([world.root.id]);
  });

  it('leave nothing when they cannot be made', async () => {
    const { root, snapshot } = await reserved();
    const failing = world.storage.roots.fill('default', async (directory) => [
      { root: snapshot, isSnapshot: true, tree: await tree(directory, 'then') },
      { root, isSnapshot: false, tree: join(directory, 'none') },
    ]);
    await expect(failing).rejects.toThrow('ENOENT');
    for (const each of [snapshot, root]) await world.drop(each);
    await world.again();
    expect([await world.names('unpacking'), await world.names('layers'), await world.names('volumes')]).toEqual([[], [], [world.root.id]]);
  });
});
