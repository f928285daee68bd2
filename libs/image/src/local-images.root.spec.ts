import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { confinement, goodMetadata, lackOfConfinement, writeSample } from '../../archive/src/testing/samples.ts';
import { goodUnified, importFiles, uploadRequest, localImages } from './testing/archive-samples.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';
import type { LocalImages } from './local-images.ts';

const run = promisify(execFile);
const why = lackOfRoot('mknod', 'mksquashfs', 'unsquashfs', 'setfattr', 'getfattr', 'tar') || lackOfConfinement();
const request = uploadRequest({ filename: 'x.tar.gz', properties: { os: 'Mine' }, profiles: ['default'] });

let place = '';
let sample = '';
let images: LocalImages;

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-images-');
  sample = join(place, 'sample');
  images = localImages({ stateDir: join(place, 'state'), store: new MemoryStore(), confinement: confinement() });
  await mkdir(join(place, 'state'));
  await images.prepare();
});
afterEach(() => rm(place, { recursive: true, force: true }));

const importSample = () => importFiles(images, request, createReadStream(sample));
async function expectNothingLeft() {
  expect(await images.list('default')).toEqual([]);
  expect((await readdir(join(place, 'state/images'))).sort()).toEqual(['incoming', 'trees']);
  expect(await readdir(join(place, 'state/images/incoming'))).toEqual([]);
}

describe.skipIf(why !== '')(titled('images on this host', why), () => {
  it('refuses a squashfs that is cut short or holds a device', async () => {
    await writeSample(sample, [[{ name: 'metadata.yaml' }, goodMetadata]]);
    const squashfs = join(place, 'root.squashfs');
    await mkdir(join(place, 'tree/etc'), { recursive: true });
    await run('mknod', [join(place, 'tree/etc/sda'), 'b', '8', '0']);
    await run('mksquashfs', [join(place, 'tree'), squashfs, '-quiet', '-no-progress']);
    const split = () => importFiles(images, request, createReadStream(sample), createReadStream(squashfs));
    await expect(split()).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('"etc/sda" is a device node outside dev/'),
    });
    await truncate(squashfs, 200);
    await expect(split()).rejects.toMatchObject({ status: 400, message: expect.stringContaining('the squashfs is cut short') });
    await expectNothingLeft();
  });

  it('keeps owners and modes, drops devices', async () => {
    await writeSample(sample, goodUnified);
    const target = join(place, 'target');
    await mkdir(target);
    await images.unpack(await importSample(), target);
    const seen = async (path: string) => {
      const { uid, gid, mode } = await lstat(join(target, 'rootfs', path));
      return [uid, gid, mode & 0o7777];
    };
    expect(await seen('etc')).toEqual([5, 6, 0o750]);
    expect(await seen('etc/motd')).toEqual([7, 8, 0o640]);
    expect(await seen('bin/su')).toEqual([0, 0, 0o4755]);
    expect((await lstat(join(target, 'rootfs/bin/also'))).ino).toBe((await lstat(join(target, 'rootfs/bin/su'))).ino);
    expect(await readdir(join(target, 'rootfs/dev'))).toEqual([]);
    expect((await readdir(join(target, 'rootfs'))).sort()).toEqual(['bin', 'dev', 'etc', 'lib', 'proc', 'sys']);
    expect((await readdir(target)).sort()).toEqual(['metadata.yaml', 'rootfs']);
  });

  it.each(['tar', 'squashfs'])('keeps capabilities and attributes of a split image with a %s', async (kind) => {
    const tree = join(place, 'tree');
    await mkdir(join(tree, 'bin'), { recursive: true });
    await writeFile(join(tree, 'bin/ping'), '#!', { mode: 0o755 });
    await run('setfattr', ['-n', 'user.note', '-v', 'kept', join(tree, 'bin/ping')]);
    await run('setfattr', ['-n', 'user.overlay.opaque', '-v', 'y', join(tree, 'bin')]);
    // cap_net_raw=ep as the kernel keeps it (capabilities(7), VFS_CAP_REVISION_2).
    await run('setfattr', ['-n', 'security.capability', '-v', '0x0100000200200000000000000000000000000000', join(tree, 'bin/ping')]);
    const root = join(place, 'root');
    if (kind === 'tar') await run('tar', ['-C', tree, '--xattrs', '--xattrs-include=*', '-cf', root, '.']);
    else await run('mksquashfs', [tree, root, '-quiet', '-no-progress']);
    await writeSample(sample, [[{ name: 'metadata.yaml' }, goodMetadata]]);
    const row = await importFiles(images, request, createReadStream(sample), createReadStream(root));
    const target = join(place, 'target');
    await mkdir(target);
    await images.unpack(row, target);
    const { stdout } = await run('getfattr', ['--absolute-names', '-d', '-m', '-', join(target, 'rootfs/bin/ping')]);
    expect(stdout).toContain('security.capability=');
    expect(stdout).toContain('user.note="kept"');
    expect((await run('getfattr', ['--absolute-names', '-d', join(target, 'rootfs/bin')])).stdout).toBe('');
  });
});
