import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import type { StorageDriver } from './driver.ts';
import type { RootRecipe } from './storage.ts';

const run = promisify(execFile);
const why = lackOfRoot('unshare', 'mount');

/** What every driver must do. Call it in the driver's `.root.spec.ts`: owners and mounts are the matter. */
export function storageDriverConformance(driver: StorageDriver): void {
  describe.skipIf(why !== '')(titled(`storage driver ${driver.info.name}`, why), () => {
    let pool = '';
    let image = '';
    let root = '';

    beforeEach(async () => {
      pool = await mkdtemp('/tmp/lxctl-driver-');
      await driver.pool.prepare(pool);
      image = join(pool, 'images', 'f00');
      await mkdir(join(image, 'rootfs', 'etc'), { recursive: true });
      await writeFile(join(image, 'rootfs', 'etc', 'motd'), 'of the image');
      await chown(join(image, 'rootfs', 'etc', 'motd'), 7, 8);
      await chown(join(image, 'rootfs'), 3, 4);
      await chmod(join(image, 'rootfs'), 0o751);
      root = join(pool, 'containers', 'c1');
      await mkdir(root, { recursive: true, mode: 0o700 });
    });
    afterEach(() => rm(pool, { recursive: true, force: true }));

    it('accepts a usable directory and leaves nothing there', async () => {
      const before = await readdir(pool);
      await driver.pool.probe(pool);
      expect(await readdir(pool)).toEqual(before);
    });

    it('shows the image with its owners and modes', async () => {
      await driver.roots.create(root, image);
      const out = await inside(driver.roots.recipe(root, image, pool), 'cat etc/motd; stat -c " %u:%g" etc/motd; stat -c "%u:%g %a" .');
      expect(out).toBe('of the image 7:8\n3:4 751\n');
    });

    it('keeps changes in the root, never in the image', async () => {
      await driver.roots.create(root, image);
      const recipe = driver.roots.recipe(root, image, pool);
      await inside(recipe, 'echo changed > etc/motd; echo new > etc/new; rm -r etc; mkdir etc; echo again > etc/new');
      expect(await inside(recipe, 'ls etc; cat etc/new')).toBe('new\nagain\n');
      expect(await readFile(join(image, 'rootfs', 'etc', 'motd'), 'utf8')).toBe('of the image');
      expect(await readdir(join(image, 'rootfs', 'etc'))).toEqual(['motd']);
    });

    it('keeps two roots of one image apart', async () => {
      const other = join(pool, 'containers', 'c2');
      await mkdir(other, { mode: 0o700 });
      await driver.roots.create(root, image);
      await driver.roots.create(other, image);
      await inside(driver.roots.recipe(root, image, pool), 'echo mine > mine');
      expect(await inside(driver.roots.recipe(other, image, pool), 'ls')).toBe('etc\n');
    });

    it('makes an empty root that a stranger may enter', async () => {
      await driver.roots.create(root, null);
      expect(await inside(driver.roots.recipe(root, null, pool), 'ls; stat -c "%u:%g %a" .; mkdir etc; ls')).toBe('0:0 755\netc\n');
    });

    it('creates twice without harm', async () => {
      await driver.roots.create(root, image);
      await inside(driver.roots.recipe(root, image, pool), 'echo kept > kept');
      await driver.roots.create(root, image);
      expect(await inside(driver.roots.recipe(root, image, pool), 'cat kept')).toBe('kept\n');
    });

    it('asks the keeper for ids shifted by the mount, never on disk', async () => {
      await driver.roots.create(root, image);
      const { layers } = driver.roots.recipe(root, image, pool);
      expect(layers.every((layer) => layer.idmapped && !layer.optional)).toBe(true);
      expect((await stat(join(image, 'rootfs'))).uid).toBe(3);
    });
  });
}

/** Runs a shell script in the root that a recipe describes, in a mount namespace that ends with it. */
async function inside({ layers, root }: RootRecipe, script: string): Promise<string> {
  const path = (layer: number) => layers[layer]?.path ?? '';
  const mount =
    root.kind === 'bind'
      ? `mount --bind ${path(root.layer)} /mnt`
      : `mount -t overlay overlay -o userxattr,lowerdir=${root.lower.map(path).join(':')},upperdir=${path(root.upper)}/upper,workdir=${path(root.upper)}/work /mnt`;
  const { stdout } = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', `${mount}; cd /mnt; ${script}`]);
  return stdout;
}
