import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StorageWorld } from '../testing/storage-world.ts';

let world: StorageWorld;
beforeEach(async () => {
  world = await StorageWorld.make('dir');
});
afterEach(() => world.end());

it('put the root there again after a kill between the two renames of a restore', async () => {
  const { root } = world;
  const snapshot = await world.snapshot('s0');
  await writeFile(world.at('volumes', root.id, 'rootfs/file'), 'second');
  await rename(world.at('volumes', root.id), world.at('unpacking', 'old'));
  await mkdir(world.at('unpacking', `${root.id}.${snapshot.id}`, 'copying'), { recursive: true });
  await world.again();
  await world.storage.roots.restore(root, snapshot.id);
  expect(await world.read(root.id)).toBe('first');
  expect(await readdir(world.at('unpacking'))).toEqual([]);
});

it('begin anew where a kill left half a copy', async () => {
  const snapshot = world.named('s0');
  await world.storage.roots.reserveSnapshot(world.store, snapshot);
  await mkdir(world.at('volumes', snapshot.id, 'copying'), { recursive: true });
  await writeFile(world.at('volumes', snapshot.id, 'copying', 'half'), '');
  await world.again();
  await world.storage.roots.snapshot(snapshot, null);
  expect(await readdir(world.at('volumes', snapshot.id))).toEqual(['rootfs']);
  expect(await world.read(snapshot.id)).toBe('first');
});
