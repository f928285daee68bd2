import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { makeKinds, sumOfTree } from '../../host/src/testing/hard-tree.ts';
import type { Across, NewRoot, SnapshotName, Still } from './storage.ts';
import { inside } from './testing/inside.ts';
import { fingerprint, StorageWorld } from './testing/storage-world.ts';

let world: StorageWorld;
afterEach(() => world.end());
const why = lackOfRoot('unshare', 'mount');

/** What runs: `work` is done while it is held still. */
const running =
  (work: () => Promise<unknown> = async () => {}): Still =>
  async (cut) => {
    await work();
    await cut();
  };
const two = (...path: string[]) => join('../two', ...path);

describe.skipIf(why !== '')(titled('copies to another pool', why), () => {
  async function make(here: 'overlay' | 'dir', there: 'overlay' | 'dir') {
    world = await StorageWorld.make(here);
    await world.storage.pools.create({ name: 'two', driver: there, description: '', config: {} });
  }
  const guest = async (root: NewRoot, script: string) => inside(await world.storage.roots.recipe(root), script);
  const shown = (id: string) => world.storage.roots.withTree(id, (tree) => readdir(tree).then((names) => names.sort()));

  /** Makes a copy of the root or snapshot `from` in the other pool, with snapshots. */
  async function copy(
    from: string,
    { snapshots = [], still = null, signal }: { snapshots?: SnapshotName[]; still?: Still | null; signal?: AbortSignal } = {},
  ) {
    const { storage, store } = world;
    const image = await storage.roots.imageAcross('two', from);
    const root = { ...world.root, id: world.named('').id, name: `copy${world.named('').id.slice(-3)}`, pool: 'two', image };
    await storage.roots.reserve(store, root);
    const taken = snapshots.map((of) => ({ of, own: world.named(of.name.split('/')[1] ?? '', root) }));
    for (const { own } of taken) await storage.roots.reserveSnapshot(store, own);
    const copies = taken.map(({ of, own }): Across => ({ root: own, isSnapshot: true, from: of.id, still: null }));
    const bytes: number[] = [];
    const wishes = { onBytes: (each: number) => void bytes.push(each), ...(signal && { signal }) };
    const copying = storage.roots.copyAcross('two', { image }, [...copies, { root, isSnapshot: false, from, still }], wishes);
    return { root, snapshots: taken.map(({ own }) => own), bytes, copying };
  }
  const copied = async (...args: Parameters<typeof copy>) => {
    const made = await copy(...args);
    await made.copying;
    return made;
  };
  const dropped = async ({ root, snapshots }: { root: NewRoot; snapshots: SnapshotName[] }) => {
    for (const each of [...snapshots, root]) await world.drop(each);
  };
  const layersOf = async (id: string) => (await readlink(world.at(two('volumes', id, 'chain')))).split(':');

  describe.each([
    ['overlay', 'dir'],
    ['dir', 'overlay'],
    ['dir', 'dir'],
    ['overlay', 'overlay'],
  ] as const)('from %s to %s', (here, there) => {
    it('have all of what does not run, and of its snapshots', async () => {
      await make(here, there);
      const { root } = world;
      await guest(root, `mkdir etc; touch etc/motd; ${makeKinds} rm image`);
      const snapshot = await world.snapshot('s');
      await guest(root, 'rm -r kinds/fifo kinds/capable; mkdir kinds/fifo; echo new > kinds/fifo/new; chmod 711 .');
      const sum = await guest(root, sumOfTree);
      const made = await copied(root.id, { snapshots: [snapshot] });
      expect(await guest(made.root, sumOfTree)).toBe(sum);
      await guest(made.root, 'rm -r kinds; touch mine');
      expect(await guest(root, sumOfTree)).toBe(sum);
      await world.storage.roots.restore(made.root, made.snapshots[0]?.id ?? '');
      expect(await guest(made.root, 'ls; ls -F kinds/fifo')).toBe('etc\nfile\nkinds\nkinds/fifo|\n');
      expect(await world.names(two('unpacking'))).toEqual([]);
      expect(await world.names('unpacking')).toEqual([]);
    });

    it('are of the moment when what runs is held still', async () => {
      await make(here, there);
      const { root } = world;
      // Large enough that it is copied before, too.
      await guest(
        root,
        `rm image; mkdir etc; ${makeKinds} mkdir d; echo d > d/one; head -c 6M /dev/zero > d/large; echo a > d/a; mkfifo d/pipe`,
      );
      await world.snapshot('s');
      await guest(root, 'rm d/one; echo two > d/two');
      let sum = '';
      const still = running(async () => {
        await guest(root, 'echo changed > d/a; rm d/two; mv d/pipe d/tube; rm d/tube; truncate -s 3M d/large; mkdir e; echo e > e/e');
        sum = await guest(root, sumOfTree);
      });
      const { root: made, bytes } = await copied(root.id, { still });
      expect(await guest(made, sumOfTree)).toBe(sum);
      expect(bytes.at(-1)).toBeGreaterThan(6_000_000);
      expect(bytes.toSorted((a, b) => a - b)).toEqual(bytes);
      expect([await world.names('unpacking'), await world.names(two('unpacking'))]).toEqual([[], []]);
    });

    it('leave nothing when they are ended', async () => {
      await make(here, there);
      await guest(world.root, 'head -c 6M /dev/zero > large');
      const ended = new AbortController();
      const held: string[] = [];
      const still = running(async () => {
        held.push('still');
        ended.abort(new Error('no more'));
      });
      const { root, copying } = await copy(world.root.id, { still, signal: ended.signal });
      await expect(copying).rejects.toThrow('no more');
      expect(held).toEqual(['still']);
      await world.drop(root);
      for (const each of ['volumes', 'layers', 'unpacking', 'containers']) expect([each, await world.names(two(each))]).toEqual([each, []]);
      expect(await world.names('unpacking')).toEqual([]);
      await expect((await copy(world.root.id, { still, signal: ended.signal })).copying).rejects.toThrow('no more');
      expect(held).toEqual(['still']);
    });
  });

  describe('between pools of layers', () => {
    /** Three snapshots, each with a file of its own. */
    async function chained() {
      await make('overlay', 'overlay');
      const snapshots: SnapshotName[] = [];
      for (const name of ['a', 'b', 'c']) {
        await guest(world.root, `head -c 1M /dev/zero > ${name}`);
        snapshots.push(await world.snapshot(name));
      }
      return snapshots;
    }

    it('bring each layer once, and the image', async () => {
      const snapshots = await chained();
      const first = await copied(world.root.id, { snapshots });
      expect(first.bytes.at(-1)).toBeLessThan(4_000_000);
      expect(await world.names(two('images'))).toEqual([fingerprint]);
      expect((await world.storage.volumes.list('two', 'default')).map(({ type }) => type)).toContain('image');
      const [head, ...below] = await layersOf(first.root.id);
      expect(below).toHaveLength(3);
      expect(await layersOf(first.snapshots[0]?.id ?? '')).toEqual(['-', ...below.slice(2)]);
      expect(await world.names(two('layers'))).toEqual([head ?? '', ...below].sort());
      // What came before is not copied again.
      await guest(world.root, 'head -c 2M /dev/zero > later');
      const inode = async () => (await stat(world.at(two('layers', below[0] ?? '', 'upper')))).ino;
      const before = await inode();
      const second = await copied(world.root.id, { snapshots });
      expect(second.bytes.at(-1)).toBe(2 << 20);
      expect(await inode()).toBe(before);
      expect((await layersOf(second.root.id)).slice(2)).toEqual(below);
      // Nor is it of one that runs.
      const third = await copied(world.root.id, { still: running(() => guest(world.root, 'echo x > running')) });
      expect(third.bytes.at(-1)).toBe(2);
      for (const each of [first, second, third]) await dropped(each);
      expect(await world.names(two('layers'))).toEqual([]);
      expect(await shown(world.root.id)).toEqual(['a', 'b', 'c', 'file', 'image', 'later', 'running']);
    });

    it('keep what they stand on while others of it go', async () => {
      const snapshots = await chained();
      for (let round = 0; round < 5; round++) {
        const going = await copied(world.root.id, { snapshots });
        const coming = await copy(world.root.id, { snapshots });
        await Promise.all([coming.copying, dropped(going)]);
        expect(await guest(coming.root, 'ls')).toBe('a\nb\nc\nfile\nimage\n');
        await dropped(coming);
        expect(await world.names(two('layers'))).toEqual([]);
      }
    });

    it('make two at once of the same layers', async () => {
      const snapshots = await chained();
      const both = [await copy(world.root.id, { snapshots }), await copy(snapshots[2]?.id ?? '')];
      await Promise.all(both.map(({ copying }) => copying));
      for (const { root } of both) expect(await guest(root, 'ls')).toBe('a\nb\nc\nfile\nimage\n');
      expect(await world.names(two('unpacking'))).toEqual([]);
    });

    it('are found again by the next daemon, and an image that is deleted goes with its last root', async () => {
      const { root } = await copied((await chained())[1]?.id ?? '');
      await world.store.images.delete('default', fingerprint);
      await world.storage.trees.drop(fingerprint);
      const late = await copied(world.root.id);
      await world.again();
      expect(await guest(root, 'ls')).toBe('a\nb\nfile\nimage\n');
      expect(await guest(late.root, 'ls')).toBe('a\nb\nc\nfile\nimage\n');
      await world.drop(root);
      expect(await world.names(two('images'))).toEqual([fingerprint]);
      await world.drop(late.root);
      expect(await world.names(two('images'))).toEqual([]);
      // Where it was not yet, it comes as one that is deleted.
      const again = await copied(world.root.id);
      expect((await world.storage.volumes.list('two', 'default')).map(({ type }) => type)).not.toContain('image');
      await world.drop(again.root);
      expect(await world.names(two('images'))).toEqual([]);
    });

    it('are merged where the source is as deep as it may be', async () => {
      await make('overlay', 'overlay');
      for (let n = 0; n < 32; n++) {
        await guest(world.root, `echo ${n} > f${n}`);
        await world.snapshot(`s${n}`);
      }
      await guest(world.root, 'rm f0 image; echo top > f1');
      const { root } = await copied(world.root.id, { still: running() });
      expect(await guest(root, 'cat f1; ls | wc -l')).toBe('top\n32\n');
      const resting = await copied(world.root.id);
      expect(await guest(resting.root, 'cat f1; ls | wc -l')).toBe('top\n32\n');
      expect(await layersOf(resting.root.id)).toHaveLength(2);
    });
  });

  describe('from a pool of whole roots', () => {
    async function chained() {
      await make('dir', 'overlay');
      const snapshots: SnapshotName[] = [];
      for (const name of ['a', 'b', 'c']) {
        await guest(world.root, `echo ${name} > ${name}; rm -f image`);
        snapshots.push(await world.snapshot(name));
      }
      return snapshots;
    }
    /** What is in the layers that a root or snapshot stands on, the uppermost first. */
    const held = async (id: string) => {
      const [head = '', ...below] = await layersOf(id);
      expect(head === '-' || (await world.names(two('layers', head, 'upper'))).length === 0).toBe(true);
      return Promise.all(below.map((layer) => world.names(two('layers', layer, 'upper'))));
    };

    it('have what differs from the image, and from the snapshot before', async () => {
      const snapshots = await chained();
      const made = await copied(world.root.id, { snapshots });
      expect(made.root.image).toBe(fingerprint);
      // Nothing has changed since the last one.
      expect(await held(made.root.id)).toEqual([['c'], ['b'], ['a', 'file', 'image']]);
      expect(await held(made.snapshots[0]?.id ?? '')).toEqual([['a', 'file', 'image']]);
      const still = running(() => guest(world.root, 'echo d > d; rm a'));
      expect(await held((await copied(world.root.id, { still })).root.id)).toEqual([['b', 'c', 'd', 'file', 'image']]);
      expect(await guest(made.root, 'ls')).toBe('a\nb\nc\nfile\n');
      await world.again();
      await world.storage.roots.restore(made.root, made.snapshots[1]?.id ?? '');
      expect(await guest(made.root, 'ls')).toBe('a\nb\nfile\n');
    });

    it('are whole where the image is no more, and share all the same', async () => {
      const snapshots = await chained();
      await world.store.images.delete('default', fingerprint);
      await world.storage.trees.drop(fingerprint);
      const made = await copied(world.root.id, { snapshots });
      expect(made.root.image).toBe(null);
      expect(await held(made.root.id)).toEqual([['c'], ['b'], ['a', 'file']]);
      await dropped(made);
      expect(await world.names(two('layers'))).toEqual([]);
    });

    it('begin anew where they would be too deep', async () => {
      await make('dir', 'overlay');
      const snapshots: SnapshotName[] = [];
      for (let n = 0; n < 34; n++) {
        await guest(world.root, `echo ${n} > f${n}`);
        snapshots.push(await world.snapshot(`s${n}`));
      }
      const made = await copied(world.root.id, { snapshots });
      expect(await held(made.snapshots[31]?.id ?? '')).toHaveLength(32);
      expect(await held(made.root.id)).toHaveLength(2);
      expect(await guest(made.root, 'ls | wc -l')).toBe('36\n');
    });

    it('are compared with a root that is there already', async () => {
      await chained();
      const { root } = await copied(world.root.id);
      await guest(world.root, 'echo new > new');
      const { storage, store } = world;
      const cut = world.named('cut', root);
      await storage.roots.reserveSnapshot(store, cut);
      const copies = [{ root: cut, isSnapshot: true, from: world.root.id, still: null }];
      await storage.roots.copyAcross('two', { image: fingerprint, upon: root.id }, copies, {});
      expect(await held(cut.id)).toEqual([['new'], ['a', 'b', 'c', 'file', 'image']]);
      await storage.roots.restore(root, cut.id);
      expect(await guest(root, 'cat new')).toBe('new\n');
    });
  });

  it('of a filled root stand beside what its layer was before', async () => {
    // Away to a pool of whole roots and back, while a copy stands on what it had.
    await make('overlay', 'dir');
    const { storage, store, root } = world;
    await guest(root, 'echo first > file');
    const stays = await world.copy(root.id);
    const moved = [{ root, isSnapshot: false }];
    for (const [from, to] of [
      ['default', 'two'],
      ['two', 'default'],
    ] as const) {
      const { id } = await storage.pools.get(from);
      const image = await storage.roots.imageAcross(to, root.id);
      await storage.moves.copy(to, image, moved, {});
      await storage.moves.settle(store, to, image, moved);
      await storage.moves.clear(id, moved);
      await guest(root, `echo ${to} > file`);
    }
    expect([await guest(root, 'cat file'), await guest(stays, 'cat file')]).toEqual(['default\n', 'first\n']);
  });
});
