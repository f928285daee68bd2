import { execFile } from 'node:child_process';
import { lstat, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../../../../host/src/testing/needs.ts';
import { MemoryStore } from '../../../../../store/src/fake/index.ts';
import { confinement } from '../../../../../archive/src/testing/samples.ts';
import { builtImage, localImages } from '../../../testing/archive-samples.ts';
import { busyboxRecipe } from './busybox.ts';

const why = lackOfRoot('busybox', 'chroot');

describe.skipIf(why !== '')(titled('busybox recipe on this host', why), () => {
  it('unpacks to a tree with init', async () => {
    const stateDir = await mkdtemp('/tmp/lxctl-recipes-');
    const images = localImages({ stateDir, store: new MemoryStore(), recipes: [busyboxRecipe()], confinement: confinement() });
    await images.prepare();
    const row = await builtImage(images, 'busybox');
    const place = await mkdtemp('/tmp/lxctl-tree-');
    await images.unpack(row, place);
    expect((await readdir(place)).sort()).toEqual(['metadata.yaml', 'rootfs']);
    expect(await readlink(join(place, 'rootfs/sbin/init'))).toBe('../bin/busybox');
    expect((await lstat(join(place, 'rootfs/bin/busybox'))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(place, 'rootfs/tmp'))).mode & 0o7777).toBe(0o1777);
    const { stdout } = await promisify(execFile)('chroot', [join(place, 'rootfs'), '/bin/sh', '-n', '/etc/init.d/lease']);
    expect(stdout).toBe('');
    expect(await readFile(join(place, 'rootfs/etc/inittab'), 'utf8')).toContain('console::respawn:-/bin/sh');
    await Promise.all([place, stateDir].map((made) => rm(made, { recursive: true })));
  });
});
