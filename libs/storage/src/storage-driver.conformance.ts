import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { makeHardTree, makeKinds, sumOfTree } from '../../host/src/testing/hard-tree.ts';
import { withMergedTree } from '#lib/host';
import type { Chain, RootPlace, StorageDriver } from './driver.ts';
import type { Still } from './storage.ts';
import { inside } from './testing/inside.ts';

/** Where pools of the suite are made. */
export interface Ground {
  /** Why this machine lacks it; '' where it does not. */
  lack: string;
  directory(): string;
}

const anywhere: Ground = { lack: '', directory: () => '/tmp' };

/**
 * What every driver must do, role by role. Call it in the driver's spec, with a ground for its pools where /tmp is none. Needs root:
 * owners and mounts are the matter.
 */
export function storageDriverConformance(driver: StorageDriver, ground = anywhere): void {
  const why = ground.lack || lackOfRoot('unshare', 'mount');
  describe.skipIf(why !== '')(titled(`storage driver ${driver.name}`, why), () => {
    let pool = '';
    let image = '';

    const place = async (id: string): Promise<RootPlace> => {
      const directory = join(pool, 'volumes', id);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return { directory, pool };
    };
    const made = async (id: string, chain: Chain = [image]) => {
      const root = await place(id);
      await driver.create.create(root, chain);
      return driver.view.recipe(root, chain);
    };

    beforeEach(async () => {
      pool = await mkdtemp(join(ground.directory(), 'lxctl-driver-'));
      await driver.pool.prepare(pool);
      image = join(pool, 'images', 'f00', 'rootfs');
      await mkdir(join(image, 'etc'), { recursive: true });
      await writeFile(join(image, 'etc', 'motd'), 'of the image');
      await chown(join(image, 'etc', 'motd'), 7, 8);
      await chown(image, 3, 4);
      await chmod(image, 0o751);
    });
    afterEach(() => rm(pool, { recursive: true, force: true }));

    describe('pool', () => {
      it('accepts a usable directory and leaves nothing there', async () => {
        const before = await readdir(pool);
        await driver.pool.probe(pool);
        expect(await readdir(pool)).toEqual(before);
      });
    });

    describe('create and view', () => {
      it('show the uppermost tree with its owners and modes', async () => {
        const out = await inside(await made('one'), 'cat etc/motd; stat -c " %u:%g" etc/motd; stat -c "%u:%g %a" .');
        expect(out).toBe('of the image 7:8\n3:4 751\n');
      });

      it('keep changes in the root, never in the chain', async () => {
        const recipe = await made('one');
        await inside(recipe, 'echo changed > etc/motd; echo new > etc/new; rm -r etc; mkdir etc; echo again > etc/new');
        expect(await inside(recipe, 'ls etc; cat etc/new')).toBe('new\nagain\n');
        expect(await readFile(join(image, 'etc', 'motd'), 'utf8')).toBe('of the image');
        expect(await readdir(join(image, 'etc'))).toEqual(['motd']);
      });

      it('keep two roots of one chain apart', async () => {
        const [one, two] = [await made('one'), await made('two')];
        await inside(one, 'echo mine > mine');
        expect(await inside(two, 'ls')).toBe('etc\n');
      });

      it('make an empty root that a stranger may enter', async () => {
        expect(await inside(await made('one', []), 'ls; stat -c "%u:%g %a" .; mkdir etc; ls')).toBe('0:0 755\netc\n');
      });

      it('do no harm the second time', async () => {
        const recipe = await made('one');
        await inside(recipe, 'echo kept > kept');
        await made('one');
        expect(await inside(recipe, 'cat kept')).toBe('kept\n');
      });

      it('ask the keeper for ids shifted by the mount, never on disk', async () => {
        const { layers } = await made('one');
        expect(layers.every((layer) => layer.idmapped && !layer.optional)).toBe(true);
        expect((await stat(image)).uid).toBe(3);
      });

      it.skipIf(!driver.layers)('lay the trees of a chain over each other', async () => {
        const above = join(pool, 'above');
        await mkdir(join(above, 'etc'), { recursive: true });
        await writeFile(join(above, 'etc', 'later'), 'of the layer above');
        expect(await inside(await made('one', [above, image]), 'cat etc/later; echo; cat etc/motd')).toBe(
          'of the layer above\nof the image',
        );
      });

      it.skipIf(driver.layers)('need no tree any more', async () => {
        const recipe = await made('one');
        await rm(image, { recursive: true });
        expect(await inside(recipe, 'cat etc/motd')).toBe('of the image');
      });
    });

    describe('fill', () => {
      it('takes a whole tree, and the root stands on nothing', async () => {
        const tree = join(pool, 'arrived');
        await inside(await made('one'), `${makeKinds}chown 5:6 .; chmod 750 .; setfattr -n user.note -v x .; touch -d 2003-04-05 .`);
        const seen = driver.view.recipe(await place('one'), [image]);
        const sum = await inside(seen, `cp -a . ${tree}; ${sumOfTree}`);
        const root = await place('two');
        await driver.fill.fill(root, tree);
        expect(await readdir(pool)).not.toContain('arrived');
        const recipe = driver.view.recipe(root, []);
        expect(await inside(recipe, sumOfTree)).toBe(sum);
        expect(await inside(recipe, 'rm -r kinds; mkdir kinds; echo mine > kinds/mine; cat kinds/*')).toBe('mine\n');
        expect((await readdir(root.directory)).toSorted()).toEqual((await readdir((await place('one')).directory)).toSorted());
      });
    });

    describe('usage', () => {
      it('is bytes, or nothing where it costs too much', async () => {
        await made('one');
        const usage = await driver.usage.usage(await place('one'));
        expect(usage === null || usage >= 0).toBe(true);
      });
    });

    describe.skipIf(!driver.copy && !driver.layers)('copy', () => {
      const copy = (from: RootPlace, to: RootPlace, still: Still | null = null) =>
        driver.copy?.copy(from, to, still) ?? driver.layers?.copy([from], to, still);
      /** Another root that was just made, to see what a place consists of. */
      const placed = async (name: string) => {
        await made(name);
        return place(name);
      };
      const copied = async () => {
        const [from, to] = [await place('one'), await place('two')];
        await copy(from, to);
        return driver.view.recipe(to, [image]);
      };

      it('shows what the other one shows, with owners, modes, attributes and what was removed', async () => {
        const recipe = await made('one');
        await inside(
          recipe,
          'rm -r etc; mkdir etc; echo a > etc/file; chown 5:6 etc/file; chmod 4750 etc/file; mkdir new; touch new/x; chmod 700 .; setfattr -n user.note -v kept etc/file',
        );
        const shown = 'ls -R; stat -c "%n %u:%g %a" . etc etc/file; getfattr -d -m user.note etc/file';
        expect(await inside(await copied(), shown)).toBe(await inside(recipe, shown));
      });

      it('loses nothing of ten thousand files and of any kind of file, twice over', async () => {
        const recipe = await made('one');
        const sum = await inside(recipe, `${makeHardTree}${sumOfTree}`);
        expect(await inside(await copied(), sumOfTree)).toBe(sum);
        const again = await place('three');
        await copy(await place('two'), again);
        const last = driver.view.recipe(again, [image]);
        expect(await inside(last, sumOfTree)).toBe(sum);
        expect(Number(await inside(last, 'stat -c %b kinds/holes'))).toBeLessThan(1000);
        expect(await inside(last, 'cd kinds; find . -type p -o -type s -o -type c | sort; ls -A | wc -l')).toBe(
          './fifo\n./node\n./socket\n16\n',
        );
      }, 120_000);

      it('is of the moment when it is held still, and leaves nothing else behind', async () => {
        const recipe = await made('one');
        await inside(recipe, `mkdir many; for n in $(seq 300); do echo $n > many/$n; done; head -c 6M /dev/urandom > large; ${makeKinds}`);
        const [from, to] = [await place('one'), await place('two')];
        let sum = '';
        await copy(from, to, async (cut) => {
          await inside(recipe, 'echo late > many/7; rm many/8; mv many/9 many/nine; chmod 600 large; mkdir many/8; touch new');
          sum = await inside(recipe, sumOfTree);
          await cut();
          await inside(recipe, 'echo after > many/7; touch after');
        });
        expect(await inside(driver.view.recipe(to, [image]), sumOfTree)).toBe(sum);
        expect((await readdir(to.directory)).toSorted()).toEqual((await readdir((await placed('like')).directory)).toSorted());
      });

      it('leaves the two apart, and does no harm the second time', async () => {
        const recipe = await made('one');
        const copy = await copied();
        await inside(copy, 'echo mine > mine');
        await copied();
        expect(await inside(copy, 'cat mine')).toBe('mine\n');
        expect(await inside(recipe, 'ls')).toBe('etc\n');
      });
    });

    describe.skipIf(!driver.layers)('layers', () => {
      const changes = (root: RootPlace) => driver.layers?.changes(root) ?? '';

      it('are told from what nobody changed', async () => {
        const untouched = async () => driver.layers?.untouched(await place('one'), [image]);
        const recipe = await made('one');
        expect(await untouched()).toBe(true);
        await inside(recipe, 'cat etc/motd');
        expect(await untouched()).toBe(true);
        for (const change of ['chmod 700 .', 'setfattr -n user.note -v x .', 'touch new', 'rm new', 'rm -r etc']) {
          await rm((await place('one')).directory, { recursive: true });
          await inside(await made('one'), change === 'rm new' ? 'touch new; rm new' : change);
          expect([change, await untouched()]).toEqual([change, false]);
        }
      });

      /** Three roots, each on the changes of the one before. */
      const stacked = async (...scripts: string[]) => {
        const places: RootPlace[] = [];
        for (const script of scripts) {
          const chain = [...places.map(changes).toReversed(), image];
          const name = `of${places.length}`;
          await inside(await made(name, chain), script);
          places.push(await place(name));
        }
        return places.toReversed();
      };

      it('do below other changes what they did above', async () => {
        const [one] = await stacked(`${makeKinds}mkdir -p a; chown 9:9 a; chmod 750 .`);
        const recipe = driver.view.recipe(one ?? (await place('none')), [image]);
        const sum = await inside(recipe, sumOfTree);
        const upon = await made('upon', [changes(one ?? (await place('none'))), image]);
        expect(await inside(upon, sumOfTree)).toBe(sum);
        await inside(upon, 'echo more > kinds/a; rm -r kinds/sub; touch a/new');
        expect(await inside(await made('again', [changes(one ?? (await place('none'))), image]), sumOfTree)).toBe(sum);
      });

      it('make one tree of another', async () => {
        const base = await made('one');
        await inside(base, `${makeKinds}mkdir gone; touch gone/a; echo same > same`);
        const tree = await made('two');
        await inside(tree, `${makeKinds}echo other > same; mkdir -p deep/er; touch deep/er/a; mkdir -m 700 of; chmod 750 .`);
        const sum = await inside(tree, sumOfTree);
        const shown = [await place('one'), await place('two')].map((each) => [changes(each), image]);
        const differing = await place('three');
        const [over = [], of = []] = shown;
        await withMergedTree(over, (below) => withMergedTree(of, async (holds) => driver.layers?.differ(holds, below, differing)));
        expect(await inside(driver.view.recipe(differing, over), sumOfTree)).toBe(sum);
        expect(await readdir(changes(differing))).toEqual(expect.arrayContaining(['deep', 'gone', 'of', 'same']));
        expect((await readdir(differing.directory)).toSorted()).toEqual((await readdir((await place('one')).directory)).toSorted());
      });

      it('become one that does what all of them do', async () => {
        await mkdir(join(image, 'gone/sub'), { recursive: true });
        for (const name of ['gone/a', 'gone/sub/b', 'kept', 'lost']) await writeFile(join(image, name), name);
        const places = await stacked(
          `${makeKinds}rm lost; mkdir was over; touch was/file over/one over/two; ln kept link; echo first > kept`,
          'rm -r gone; echo file > gone; rm -r was; rm over/one; touch over/three; mkdir -p deep/er; touch deep/er/a; setfattr -n user.x -v y over',
          'rm gone; mkdir gone; touch gone/new; mkdir lost was; touch was/again deep/er/b; chown 5:5 over; chmod 700 .; rm -r kinds/fifo etc',
        );
        const [top] = places;
        const sum = await inside(driver.view.recipe(top ?? (await place('none')), [...places.slice(1).map(changes), image]), sumOfTree);
        const one = await place('one');
        await driver.layers?.copy(places, one, null);
        expect(await inside(driver.view.recipe(one, [image]), sumOfTree)).toBe(sum);
        expect(await inside(await made('upon', [changes(one), image]), 'ls gone lost was over deep/er')).toBe(
          'deep/er:\na\nb\n\ngone:\nnew\n\nlost:\n\nover:\nthree\ntwo\n\nwas:\nagain\n',
        );
      });
    });
  });
}
