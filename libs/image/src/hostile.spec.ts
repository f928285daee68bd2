import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importFiles, uploadRequest, localImages } from './testing/archive-samples.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';
import type { LocalImages } from './local-images.ts';
import { end, long, pax, raw, start, zero } from './testing/raw-archives.ts';

const request = uploadRequest();

let place = '';
let sample = '';
let images: LocalImages;

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-hostile-');
  sample = join(place, 'sample');
  await mkdir(join(place, 'state'));
  images = localImages({ stateDir: join(place, 'state'), store: new MemoryStore() });
  await images.prepare();
});
afterEach(() => rm(place, { recursive: true, force: true }));

const importBytes = async (...members: Buffer[]) => {
  await writeFile(sample, Buffer.concat([...start, ...members, end]));
  return importFiles(images, request, createReadStream(sample));
};

describe('the check of archives refuses', () => {
  const twoWays = 'which tar readers take in different ways';
  it.each<[string, Buffer[], string]>([
    [
      'a device in dev/ under another spelling, and a hard link out of it',
      [
        raw({ name: 'rootfs//dev/z', ...zero }),
        raw({ name: 'rootfs/dev/y', type: '1', linkname: 'rootfs/dev/z' }),
        raw({ name: 'rootfs/c', type: '1', linkname: 'rootfs/dev/y' }),
      ],
      '"rootfs//dev/z" is a device node outside dev/',
    ],
    [
      'a hard link to what lies in dev/',
      [raw({ name: 'rootfs/dev/z', ...zero }), raw({ name: 'rootfs/c', type: '1', linkname: './rootfs//dev/z' })],
      'is a hard link to something in dev/',
    ],
    [
      'a symlink whose content is the header of a device',
      [raw({ name: 'rootfs/s', type: '2', linkname: 'etc', content: raw({ name: 'rootfs/c', ...zero }) })],
      '"rootfs/s" has a content, and is no file',
    ],
    ['a hard link with a content', [raw({ name: 'rootfs/s', type: '1', linkname: 'rootfs/x', size: 512 })], 'has a content'],
    ['a directory with a content', [raw({ name: 'rootfs/d', type: '5', content: raw({ name: 'rootfs/c', ...zero }) })], 'has a content'],
    [
      'a directory of old with a content',
      [raw({ name: 'rootfs/d/', type: '0', content: raw({ name: 'rootfs/c', ...zero }) })],
      'has a content',
    ],
    [
      'a size of a link in an extended header',
      [pax('x', { size: '512' }), raw({ name: 'rootfs/s', type: '2', linkname: 'etc' }), raw({ name: 'rootfs/c', ...zero })],
      'has a content',
    ],
    [
      'a global header that names what follows',
      [pax('g', { path: 'rootfs/dev/null' }), raw({ name: 'rootfs/c', ...zero })],
      `a global header sets "path", ${twoWays}`,
    ],
    ['a global header with a size', [pax('g', { size: '0' })], 'a global header sets "size"'],
    [
      'a long name and an extended one',
      [long, pax('x', { path: 'rootfs/b' }), raw({ name: 'rootfs/c', type: '0' })],
      'a name is said twice',
    ],
    ['two long names', [long, long, raw({ name: 'rootfs/c', type: '0' })], 'a name is said twice'],
    ['a NUL in an extended name', [pax('x', { path: 'rootfs/dev/z\0/../../c' }), raw({ name: 'c', ...zero })], 'has no good path'],
    ['an extended name that leads out', [pax('x', { path: '../../c' }), raw({ name: 'rootfs/c', type: '0' })], 'has .. in its path'],
    ['an empty extended name', [pax('x', { path: '' }), raw({ name: 'rootfs/c', type: '0' })], 'has no good path'],
    ['an extended header without a member', [pax('x', { path: 'rootfs/a' })], 'is followed by no member'],
    ['a volume label', [raw({ name: 'label', type: 'V' })], 'is of a kind that images do not hold'],
    ['a sparse file of old', [raw({ name: 'rootfs/s', type: 'S' })], 'is of a kind that images do not hold'],
    ['a size that is no number', [raw({ name: 'rootfs/f', type: '0' }).fill('zz', 124, 126)], 'damaged'],
    ['a header that is no header, after which another follows', [Buffer.alloc(512, 0x41), raw({ name: 'rootfs/c', ...zero })], 'damaged'],
  ])('%s', async (_what, members, text) => {
    await expect(importBytes(...members)).rejects.toMatchObject({ status: 400, message: expect.stringContaining(text) });
    expect(await images.list('default')).toEqual([]);
  });

  it('nothing that GNU tar and others write', async () => {
    await importBytes(
      pax('g', { comment: 'a commit' }),
      long,
      raw({ name: 'rootfs/short', type: '0', content: 'x'.repeat(700), magic: 'ustar  \0' }),
      pax('x', { path: 'rootfs/etc/utf8-ä', mtime: '1700000000.5', 'SCHILY.xattr.user.x': 'a\n=b' }),
      raw({ name: 'rootfs/etc/other', type: '0', content: 'y' }),
      raw({ name: 'rootfs/etc/old', type: '\0', content: 'z', magic: '' }),
      raw({ name: 'rootfs/old/', type: '\0', magic: '' }),
      raw({ name: 'rootfs/dev/z', ...zero }),
      raw({ name: 'rootfs/dev/y', type: '1', linkname: 'rootfs/dev/z' }),
    );
  });

  it('what leads out after a leading slash', async () => {
    await expect(importBytes(raw({ name: '/../etc/passwd', type: '0' }))).rejects.toThrow('has .. in its path');
    await expect(importBytes(raw({ name: '/rootfs/x', type: '1', linkname: '/etc/shadow' }))).rejects.toThrow('does not come before it');
  });
});
