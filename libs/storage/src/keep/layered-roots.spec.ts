import { mkdir, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageWorld } from '../testing/storage-world.ts';

let world: StorageWorld;
beforeEach(async () => {
  world = await StorageWorld.make('overlay');
});
afterEach(() => world.end());

const layers = () => world.names('layers');
const chain = (id: string) => readlink(world.at('volumes', id, 'chain'));
const depth = async (id: string) => (await world.trees(id)).length;

describe('layers', () => {
  it('are what was there before, moved and not copied', async () => {
    const { root } = world;
    const big = world.at('volumes', root.id, 'upper', 'big');
    await writeFile(big, 'x');
    const s0 = await world.snapshot('s0');
    expect(await world.trees(s0.id)).toEqual([world.at('layers', root.id, 'upper')]);
    expect(await world.there('volumes', root.id, 'upper')).toBe(false);
    const { layers: stack } = await world.storage.roots.recipe(root);
    expect(stack.map(({ path, readonly }) => [path, readonly])).toEqual([
      [world.at('layers', root.id, 'upper'), true],
      [world.at('images', 'ab'.repeat(32), 'rootfs'), true],
      [world.at('layers', (await chain(root.id)).split(':')[0] ?? ''), false],
    ]);
  });

  it('are shared by snapshots and copies, and one is made only where something was changed', async () => {
    const { root } = world;
    const s0 = await world.snapshot('s0');
    const s1 = await world.snapshot('s1');
    const copies = [await world.copy(root.id), await world.copy(s0.id), await world.copy(s1.id)];
    const [sealed] = await world.trees(s0.id);
    for (const each of [s1, root, ...copies]) expect((await world.trees(each.id)).slice(-1)).toEqual([sealed]);
    expect(await Promise.all([s0, s1, root, ...copies].map(({ id }) => depth(id)))).toEqual([1, 1, 2, 2, 2, 2]);
    for (const [i, copy] of copies.entries()) await world.write(copy.id, `mine ${i}`);
    expect(await Promise.all([root, ...copies].map(({ id }) => world.read(id)))).toEqual(['first', 'mine 0', 'mine 1', 'mine 2']);
  });

  it('of a root that nobody touched are none', async () => {
    const { root } = world;
    await world.drop(root);
    await world.storage.roots.reserve(world.store, root);
    await world.storage.roots.create(root);
    const s0 = await world.snapshot('s0');
    await world.write(root.id, 'later');
    await world.storage.roots.restore(root, s0.id);
    expect(await world.read(root.id)).toBe(null);
    const copy = await world.copy(s0.id);
    expect([await chain(s0.id), await depth(copy.id), (await layers()).length]).toEqual(['-', 1, 1]);
  });

  it('of what runs are copies, and its own stay where they are mounted', async () => {
    const { root } = world;
    const s0 = await world.snapshot('s0');
    await world.write(root.id, 'second');
    const before = await world.trees(root.id);
    const s1 = await world.snapshot('s1', true);
    await world.write(root.id, 'third');
    expect(await world.trees(root.id)).toEqual(before);
    expect(await Promise.all([s0, s1, root].map(({ id }) => world.read(id)))).toEqual(['first', 'second', 'third']);
    expect(await world.trees(s1.id)).toEqual([world.at('layers', s1.id, 'upper'), ...(await world.trees(s0.id))]);
  });

  it('go with the last that stands on them, in any order', async () => {
    const { root } = world;
    const s0 = await world.snapshot('s0');
    await world.write(root.id, 'second');
    const s1 = await world.snapshot('s1', true);
    const copy = await world.copy(s1.id);
    await world.drop(s1);
    expect(await layers()).toContain(s1.id);
    await world.storage.roots.restore(root, s0.id);
    expect(await world.read(copy.id)).toBe('second');
    await world.drop(copy);
    expect(await layers()).not.toContain(s1.id);
    expect((await layers()).length).toBe(2);
    await world.drop(s0);
    expect(await world.read(root.id)).toBe('first');
    await world.drop(root);
    expect([await layers(), await world.names('volumes'), await world.names('unpacking')]).toEqual([[], [], []]);
  });

  it('are known to a daemon that starts as to the one before', async () => {
    const { root } = world;
    const s0 = await world.snapshot('s0');
    await world.write(root.id, 'second');
    await world.again();
    const s1 = await world.snapshot('s1');
    await world.again();
    await world.drop(s0);
    await world.again();
    expect([await world.read(s1.id), await world.read(root.id)]).toEqual(['second', 'second']);
    await world.storage.roots.restore(root, s1.id);
    await world.drop(s1);
    await world.again();
    await world.drop(root);
    expect([await layers(), await world.names('volumes')]).toEqual([[], []]);
  });

  it('take over what an older daemon kept whole', async () => {
    const { root } = world;
    const old = world.named('old');
    await world.storage.roots.reserveSnapshot(world.store, old);
    for (const name of ['upper', 'work']) await mkdir(world.at('volumes', old.id, name), { recursive: true });
    await world.write(old.id, 'old');
    const copy = await world.copy(old.id);
    await world.storage.roots.restore(root, old.id);
    expect(await Promise.all([old, copy, root].map(({ id }) => world.read(id)))).toEqual(['old', 'old', 'old']);
  });

  it('of a copy that could not be cut go with what was to be the snapshot', async () => {
    const s0 = world.named('s0');
    await world.storage.roots.reserveSnapshot(world.store, s0);
    // Where its directory is to be is a file.
    await writeFile(world.at('volumes', s0.id), '');
    await expect(world.storage.roots.snapshot(s0, (cut) => cut())).rejects.toThrow('ENOTDIR');
    expect([await layers(), await world.names('unpacking')]).toEqual([[], []]);
    await world.drop(s0);
    expect(await layers()).toEqual([]);
  });
});

describe('a root that is as deep as it may be', () => {
  const deep = async () => {
    for (let i = 0; i < 32; i++) {
      await world.write(world.root.id, `${i}`);
      await world.snapshot(`d${i}`);
    }
    await world.write(world.root.id, 'top');
  };

  it('goes on upon what all its layers were, and so does a copy', async () => {
    await deep();
    const { root } = world;
    expect(await depth(root.id)).toBe(33);
    const copy = await world.copy(root.id);
    expect([await depth(root.id), await depth(copy.id)]).toEqual([2, 2]);
    expect([await world.read(root.id), await world.read(copy.id)]).toEqual(['top', 'top']);
  });

  it('is merged for its snapshot, at rest and running', async () => {
    await deep();
    const { root } = world;
    const running = await world.snapshot('running', true);
    expect([await depth(root.id), await depth(running.id), await world.read(running.id)]).toEqual([33, 1, 'top']);
    const stopped = await world.snapshot('stopped');
    expect([await depth(root.id), await depth(stopped.id), await world.read(stopped.id)]).toEqual([2, 1, 'top']);
    for (const { id, name } of await world.store.volumes.snapshots(root.id)) await world.drop({ ...world.named(''), id, name });
    expect((await layers()).length).toBe(2);
  });
});

/** What a kill leaves; then a daemon starts, and undoes the snapshot. */
describe('a snapshot that was killed', () => {
  const head = '00000000-0000-4000-8000-00000000abcd';
  const undone = async (left: (snapshot: string) => Promise<unknown>) => {
    const { root } = world;
    const s0 = world.named('s0');
    await world.storage.roots.reserveSnapshot(world.store, s0);
    await left(s0.id);
    await world.again();
    await world.drop(s0);
    expect(await world.read(root.id)).toBe('first');
    expect(await world.names('unpacking')).toEqual([]);
    const s1 = await world.snapshot('s1');
    await world.write(root.id, 'later');
    expect([await world.read(s1.id), await world.read(root.id)]).toEqual(['first', 'later']);
    await world.drop(s1);
    await world.drop(root);
    expect([await layers(), await world.names('volumes')]).toEqual([[], []]);
  };
  const toLayer = async () => {
    await mkdir(world.at('layers', world.root.id));
    await rename(world.at('volumes', world.root.id, 'upper'), world.at('layers', world.root.id, 'upper'));
  };
  const newHead = () => mkdir(world.at('layers', head, 'upper'), { recursive: true }).then(() => mkdir(world.at('layers', head, 'work')));

  it('before its first layer was one', () => undone(() => mkdir(world.at('layers', world.root.id))));
  it('when the changes had become a layer', () => undone(toLayer));
  it('when a new head was half made', () =>
    undone(() => toLayer().then(() => mkdir(world.at('layers', head, 'upper.new'), { recursive: true }))));
  it('when there was a new head that no link named', () => undone(() => toLayer().then(newHead)));
  it('when the root stood on the layer', () =>
    undone(async () => {
      await toLayer();
      await newHead();
      await symlink(`${head}:${world.root.id}`, world.at('volumes', world.root.id, 'chain'));
    }));
  it('when the snapshot had a directory and no link', () =>
    undone(async (snapshot) => {
      await toLayer();
      await newHead();
      await symlink(`${head}:${world.root.id}`, world.at('volumes', world.root.id, 'chain'));
      await mkdir(world.at('volumes', snapshot));
    }));
  it('in the middle of a copy', () => undone(() => mkdir(world.at('unpacking', 'x', 'copying'), { recursive: true })));
  it('when there was a copy that no link named', () => undone(() => newHead()));
});
