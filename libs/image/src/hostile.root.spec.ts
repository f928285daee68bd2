import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { confinement, goodMetadata, lackOfConfinement } from '../../archive/src/testing/samples.ts';
import { importFiles, uploadRequest, localImages } from './testing/archive-samples.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';
import type { LocalImages } from './local-images.ts';
import { end, pax, raw, start, zero } from './testing/raw-archives.ts';
import { unpackImage } from './unpack.ts';

const run = promisify(execFile);
const why = lackOfRoot('find', 'mksquashfs', 'unsquashfs', 'setfattr', 'getfattr', 'tar') || lackOfConfinement();
const request = uploadRequest();

let place = '';
let sample = '';
let images: LocalImages;

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-hostile-');
  sample = join(place, 'sample');
  await mkdir(join(place, 'state'));
  images = localImages({ stateDir: join(place, 'state'), store: new MemoryStore(), confinement: confinement() });
  await images.prepare();
});
afterEach(() => rm(place, { recursive: true, force: true }));

const importBytes = async (...members: Buffer[]) => {
  await writeFile(sample, Buffer.concat([...start, ...members, end]));
  return importFiles(images, request, createReadStream(sample));
};

describe.skipIf(why !== '')(titled('unpacking', why), () => {
  const unpack = async (...members: Buffer[]) => {
    await writeFile(sample, Buffer.concat([...start, ...members, end]));
    await mkdir(join(place, 'tree'));
    // Without the check before it.
    await unpackImage({ image: sample, rootfs: null }, join(place, 'tree'), confinement());
  };

  it.each<[string, Buffer[]]>([
    [
      'under another spelling of dev/',
      [raw({ name: 'rootfs//dev/z', ...zero }), raw({ name: 'rootfs/c', type: '1', linkname: 'rootfs/dev/z' })],
    ],
    ['behind a global header', [pax('g', { path: 'rootfs/c' }), raw({ name: 'rootfs/dev/null', ...zero })]],
    ['anywhere', [raw({ name: 'rootfs/c', ...zero })]],
    ['of a disk', [raw({ name: 'rootfs/c', type: '4', device: [8, 0] })]],
  ])('makes no device node %s', async (_what, members) => {
    await expect(unpack(...members)).rejects.toThrow('Failed to unpack the image: tar: rootfs');
    const { stdout } = await run('find', [place, '-type', 'c', '-o', '-type', 'b']);
    expect(stdout).toBe('');
  });

  it('writes nothing beside the tree', async () => {
    await expect(
      unpack(raw({ name: 'rootfs/out', type: '2', linkname: place }), raw({ name: 'rootfs/out/planted', type: '0', content: 'x' })),
    ).rejects.toThrow('Failed to unpack');
    expect((await readdir(place)).sort()).toEqual(['sample', 'state', 'tree']);
  });

  it('refuses a tree with a whiteout, which is a device node that anybody may make', async () => {
    await expect(unpack(raw({ name: 'rootfs/etc/whiteout', type: '3', device: [0, 0] }))).rejects.toThrow(
      'the tree holds a device node: rootfs/etc/whiteout',
    );
  });

  it('refuses templates that are no directory', async () => {
    await expect(unpack(raw({ name: 'templates', type: '2', linkname: '/etc' }))).rejects.toThrow('templates is not a directory');
  });

  it('keeps ids that no instance has', async () => {
    const member = raw({ name: 'rootfs/big', type: '0', content: 'x' });
    member.write('3641100', 108, 'latin1');
    member.write('       ', 148, 'latin1');
    const sum = member.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
    member.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await unpack(member);
    expect((await lstat(join(place, 'tree/rootfs/big'))).uid).toBe(1_000_000);
  });

  it('takes the attributes of overlays from a squashfs, and leaves out what only the host may set', async () => {
    const source = join(place, 'source');
    await mkdir(join(source, 'etc'), { recursive: true });
    await writeFile(join(source, 'etc/file'), 'x');
    const set = (name: string, path: string) => run('setfattr', ['-n', name, '-v', 'y', join(source, path)]);
    for (const name of ['user.overlay.opaque', 'trusted.overlay.opaque']) await set(name, 'etc');
    for (const name of ['user.overlay.redirect', 'trusted.overlay.redirect', 'trusted.mine', 'user.mine']) await set(name, 'etc/file');
    await run('mksquashfs', [source, join(place, 'root.squashfs'), '-quiet', '-no-progress']);
    await writeFile(sample, Buffer.concat([raw({ name: 'metadata.yaml', type: '0', content: goodMetadata }), end]));
    await mkdir(join(place, 'tree'));
    await unpackImage({ image: sample, rootfs: join(place, 'root.squashfs') }, join(place, 'tree'), confinement());
    const { stdout } = await run('getfattr', ['--absolute-names', '-R', '-m', '-', join(place, 'tree')]);
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual(['user.mine']);
  });

  it('takes a leading slash off the paths of members, as LXD does', async () => {
    const member = (name: string) => raw({ name, type: '0', content: 'x' });
    const row = await importBytes(
      member('/rootfs/etc/inittab'),
      raw({ name: '//rootfs/etc/again', type: '1', linkname: '/rootfs/etc/inittab' }),
      raw({ name: '/rootfs/dev/zero', ...zero }),
    );
    await mkdir(join(place, 'tree'));
    await images.unpack(row, join(place, 'tree'));
    expect((await readdir(join(place, 'tree/rootfs/etc'))).sort()).toEqual(['again', 'inittab']);
    expect(await readdir(join(place, 'tree/rootfs/dev'))).toEqual([]);
  });
});
