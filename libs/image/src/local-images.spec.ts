import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goodMetadata, recompress, type SampleMember, writeSample } from '../../archive/src/testing/samples.ts';
import { goodUnified, importFiles, uploadRequest, localImages } from './testing/archive-samples.ts';
import type { LocalImages } from './local-images.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';

const run = promisify(execFile);
const request = uploadRequest({ filename: 'x.tar.gz', properties: { os: 'Mine' }, profiles: ['default'] });

let place = '';
let sample = '';
let store: MemoryStore;
let images: LocalImages;

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-images-');
  sample = join(place, 'sample');
  store = new MemoryStore();
  images = localImages({ stateDir: join(place, 'state'), store });
  await mkdir(join(place, 'state'));
  await images.prepare();
});
afterEach(() => rm(place, { recursive: true, force: true }));

const importSample = (change = {}) => importFiles(images, { ...request, ...change }, createReadStream(sample));
async function expectNothingLeft() {
  expect(await images.list('default')).toEqual([]);
  expect((await readdir(join(place, 'state/images'))).sort()).toEqual(['incoming', 'trees']);
  expect(await readdir(join(place, 'state/images/incoming'))).toEqual([]);
}

describe('import', () => {
  it('takes a unified tarball', async () => {
    await writeSample(sample, goodUnified);
    const row = await importSample({ aliases: [{ name: 'a/b', description: 'd' }] });
    const bytes = await readFile(sample);
    expect(row).toMatchObject({
      fingerprint: createHash('sha256').update(bytes).digest('hex'),
      size: bytes.length,
      layout: 'unified',
      architecture: 'x86_64',
      properties: { os: 'Mine', release: '1' },
      createdAt: new Date(1.7e12),
    });
    expect(await images.resolve('default', { alias: 'a/b' })).toEqual(row);
    expect(await images.resolve('default', { fingerprint: row.fingerprint.slice(0, 4) })).toEqual(row);
    expect(await readFile(images.files.image(row.fingerprint))).toEqual(bytes);
  });

  it.each(['none', 'bzip2', 'xz', 'lzma', 'zstd', 'lz4'])('takes compression %s', async (tool) => {
    await writeSample(sample, goodUnified);
    await recompress(sample, tool);
    expect((await importSample()).architecture).toBe('x86_64');
  });

  it('takes metadata and a squashfs, hashed together', async () => {
    await writeSample(sample, [[{ name: 'metadata.yaml' }, goodMetadata]]);
    await mkdir(join(place, 'tree/etc'), { recursive: true });
    await run('mksquashfs', [join(place, 'tree'), join(place, 'root.squashfs'), '-quiet', '-no-progress']);
    const row = await importFiles(images, request, createReadStream(sample), createReadStream(join(place, 'root.squashfs')));
    const both = Buffer.concat([await readFile(sample), await readFile(join(place, 'root.squashfs'))]);
    expect(row).toMatchObject({ layout: 'split', size: both.length, fingerprint: createHash('sha256').update(both).digest('hex') });
  });

  it('refuses the same bytes twice', async () => {
    await writeSample(sample, goodUnified);
    const row = await importSample();
    await expect(importSample()).rejects.toThrow('Image with same fingerprint already exists');
    expect(await readdir(join(place, 'state/images/incoming'))).toEqual([]);
    expect((await lstat(images.files.image(row.fingerprint))).isFile()).toBe(true);
  });

  it('refuses other bytes than announced', async () => {
    await writeSample(sample, goodUnified);
    await expect(importSample({ fingerprint: 'a'.repeat(64) })).rejects.toThrow("Image fingerprint doesn't match");
    await expectNothingLeft();
  });

  it('leaves nothing of an upload that broke off', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from([0x1f, 0x8b]);
        throw new Error('connection reset');
      })(),
    );
    await expect(importFiles(images, request, broken)).rejects.toThrow('connection reset');
    await expectNothingLeft();
  });

  it('takes a taken alias for a reason to keep nothing', async () => {
    await writeSample(sample, goodUnified);
    await expect(
      importSample({
        aliases: [
          { name: 'x', description: '' },
          { name: 'x', description: '' },
        ],
      }),
    ).rejects.toThrow('Alias "x" already exists');
    await expectNothingLeft();
  });
});

describe('bad archives', () => {
  const withMember = (...members: SampleMember[]) => [...goodUnified, ...members];
  it.each<[string, readonly SampleMember[], string]>([
    ['.. in a path', withMember([{ name: 'rootfs/../../etc/passwd' }, 'x']), 'has .. in its path'],
    ['a member behind a symlink', withMember([{ name: 'rootfs/lib/evil' }, 'x']), 'lies behind the symlink "rootfs/lib"'],
    ['a hard link to the outside', withMember([{ name: 'rootfs/x', type: 'link', linkname: '../../etc/shadow' }]), 'has .. in its path'],
    [
      'a hard link to an absolute path',
      withMember([{ name: 'rootfs/x', type: 'link', linkname: '/etc/shadow' }]),
      'does not come before it',
    ],
    ['a hard link to nothing', withMember([{ name: 'rootfs/x', type: 'link', linkname: 'rootfs/nothing' }]), 'does not come before it'],
    ['a hard link out of rootfs', withMember([{ name: 'rootfs/x', type: 'link', linkname: 'metadata.yaml' }]), 'outside rootfs'],
    [
      'a device node outside dev',
      withMember([{ name: 'rootfs/etc/sda', type: 'block-device', devmajor: 8, devminor: 0 }]),
      'is a device node outside dev/',
    ],
    ['rootfs as a symlink', [goodUnified[0] as SampleMember, [{ name: 'rootfs', type: 'symlink', linkname: '/' }]], 'is not a directory'],
    ['another name in the pax header', withMember([{ name: 'rootfs/ok', pax: { path: '../../x' } }, 'x']), 'says path twice'],
    ['another name for GNU tar', withMember([{ name: 'rootfs/ok', pax: { 'GNU.sparse.name': '../../x' } }, 'x']), 'has .. in its path'],
    ['a pipe as templates', withMember([{ name: 'templates', type: 'fifo' }]), '"templates" is not a directory'],
    ['a very long path', withMember([{ name: `rootfs/${'d/'.repeat(2000)}x` }, 'x']), 'more than 3072 bytes'],
    ['no metadata.yaml', goodUnified.slice(1), 'it holds no metadata.yaml'],
    ['metadata.yaml in a directory', [[{ name: 'x/metadata.yaml' }, goodMetadata], ...goodUnified.slice(1)], 'it holds no metadata.yaml'],
    ['no rootfs', [goodUnified[0] as SampleMember], 'it holds no directory rootfs'],
    ['metadata that is no YAML', [[{ name: 'metadata.yaml' }, '{'], ...goodUnified.slice(1)], 'metadata.yaml is not YAML'],
    [
      'metadata without an architecture',
      [[{ name: 'metadata.yaml' }, 'properties: 3'], ...goodUnified.slice(1)],
      'no architecture; metadata.yaml has no creation_date; properties',
    ],
    [
      'an unknown architecture',
      [[{ name: 'metadata.yaml' }, 'architecture: z80\ncreation_date: 1'], ...goodUnified.slice(1)],
      'unknown architecture "z80"',
    ],
  ])('refuses %s', async (_what, members, text) => {
    await writeSample(sample, members);
    await expect(importSample()).rejects.toMatchObject({ status: 400, message: expect.stringContaining(text) });
    await expectNothingLeft();
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'the file is empty'],
    ['text', Buffer.from('hello\n'), 'not an archive'],
    ['JSON-like noise', Buffer.alloc(4096, 0x42), 'not an archive'],
    ['zeros', Buffer.alloc(10_240), 'not an archive'],
    ['a gzip of text', Buffer.from('1f8b0800000000000003cb48cdc9c9e70200205f3b3606000000', 'hex').subarray(0, 26), 'damaged or cut short'],
  ])('refuses %s', async (_what, bytes, text) => {
    await writeFile(sample, bytes);
    await expect(importSample()).rejects.toMatchObject({ status: 400, message: expect.stringContaining(text) });
    await expectNothingLeft();
  });

  it.each(['gzip', 'none', 'bzip2', 'xz', 'lzma', 'zstd', 'lz4'])('refuses a tarball cut short, compression %s', async (tool) => {
    await writeSample(sample, goodUnified);
    if (tool !== 'gzip') await recompress(sample, tool);
    await truncate(sample, (await lstat(sample)).size - (tool === 'none' ? 1024 : 8));
    await expect(importSample()).rejects.toMatchObject({ status: 400, message: expect.stringContaining('damaged or cut short') });
    await expectNothingLeft();
  });

  it('refuses a plain tarball cut between two members', async () => {
    await writeSample(sample, goodUnified);
    const plain = gunzipSync(await readFile(sample));
    await writeFile(sample, plain.subarray(0, plain.length - 2048));
    await expect(importSample()).rejects.toMatchObject({ status: 400 });
    await expectNothingLeft();
  });
});
