import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compressionNames, readCompression } from '#lib/contract';
import { OpenConfinement } from '#lib/host';
import { tarMembers } from '../tar-reader.ts';
import { packed, type Packing } from './packed.ts';
import type { TarPack } from './tar-pack.ts';

const run = promisify(execFile);
let place = '';
let tree = '';

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-pack-');
  tree = join(place, 'tree');
  await mkdir(join(tree, 'etc'), { recursive: true });
  await writeFile(join(tree, 'etc/file'), 'content');
  await link(join(tree, 'etc/file'), join(tree, 'etc/other'));
  await symlink('../etc/file', join(tree, 'etc/link'));
  await writeFile(Buffer.concat([Buffer.from(`${tree}/etc/`), Buffer.from([0xff, 0x0a, 0x20])]), 'odd');
  await run('truncate', ['-s', '64M', join(tree, 'holes')]);
  await run('mkfifo', [join(tree, 'fifo')]);
});
afterEach(() => rm(place, { recursive: true, force: true }));

const packing = (compression = 'none', more: Partial<Packing> = {}): Packing => ({
  compression: readCompression(compression) ?? { program: 'none', level: null },
  confinement: new OpenConfinement(),
  signal: new AbortController().signal,
  ...more,
});
const long = `templates/${'long '.repeat(30)}ä`;
const fill = async (pack: TarPack) => {
  await pack.file('metadata.yaml', 'a: b\n', new Date(1.7e12));
  await pack.directory('templates');
  await pack.file(long, 'template');
  await pack.tree('root & fs/\\1,', tree);
};
const bytesOf = async (source: Readable) => {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

describe('an archive that is packed', () => {
  it.each(compressionNames)('is unpacked to the same, compressed with %s', async (name) => {
    const archive = join(place, 'archive');
    await writeFile(archive, await bytesOf(packed(packing(name), fill)));
    const out = join(place, 'out');
    await mkdir(out);
    await run('tar', [...(name === 'lz4' ? ['-I', 'lz4'] : name === 'lzma' ? ['--lzma'] : []), '-xf', archive, '-C', out]);
    const root = join(out, 'root & fs/\\1,');
    expect(await readFile(join(out, 'metadata.yaml'), 'utf8')).toBe('a: b\n');
    expect(await readFile(join(out, long), 'utf8')).toBe('template');
    expect(await readlink(join(root, 'etc/link'))).toBe('../etc/file');
    expect((await stat(join(root, 'etc/file'))).ino).toBe((await stat(join(root, 'etc/other'))).ino);
    expect((await readdir(join(root, 'etc'), 'buffer')).map((entry) => entry.toString('hex')).sort()[3]).toBe('ff0a20');
    expect((await stat(join(root, 'holes'))).blocks).toBeLessThan(1000);
    expect((await lstat(join(root, 'fifo'))).isFIFO()).toBe(true);
    expect((await stat(join(root, 'etc/file'))).mtimeMs).toBe((await stat(join(tree, 'etc/file'))).mtimeMs);
  });

  it("is read by the server's own reader, and tells how far it is", async () => {
    let bytes = 0;
    const names: string[] = [];
    const archive = packed(packing('none', { told: (count) => void (bytes = count) }), fill);
    for await (const { name } of tarMembers(archive)) names.push(name);
    expect(names.slice(0, 3)).toEqual(['metadata.yaml', 'templates/', Buffer.from(long).toString('latin1')]);
    expect(names).toContain('root & fs/\\1,/etc/file');
    expect(bytes).toBeGreaterThan(5000);
  });

  it('fails with what failed first', async () => {
    const gone = (pack: TarPack) => pack.tree('x', join(place, 'nowhere'));
    await expect(bytesOf(packed(packing('gzip'), gone))).rejects.toThrow();
    const thrown = () => Promise.reject(new Error('no tree'));
    for (const name of ['none', 'gzip']) await expect(bytesOf(packed(packing(name), thrown))).rejects.toThrow('no tree');
    const missing = new OpenConfinement();
    missing.start = (_program, args, options) => OpenConfinement.prototype.start('/nowhere/gzip', args, options);
    await expect(bytesOf(packed(packing('gzip', { confinement: missing }), fill))).rejects.toMatchObject({ code: 'program.missing' });
  });

  it.each(['none', 'gzip'])('stops when nobody reads on, and when it is told to (%s)', async (name) => {
    let over = false;
    const noise = randomBytes(100_000);
    const endless = async (pack: TarPack) => {
      try {
        for (;;) await pack.file('x', noise);
      } finally {
        over = true;
      }
    };
    for await (const _ of packed(packing(name), endless)) break;
    await expect.poll(() => over).toBe(true);
    const stop = new AbortController();
    const reading = bytesOf(packed(packing(name, { signal: stop.signal }), endless));
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a compression', () => {
  it.each([
    ['gzip', { program: 'gzip', level: null }],
    ['zstd -19', { program: 'zstd', level: 19 }],
    ['none', { program: 'none', level: null }],
    ['none -1', null],
    ['gzip -10', null],
    ['gzip; rm', null],
    ['squashfs', null],
    ['', null],
  ])('%j is read', (text, meaning) => expect(readCompression(text)).toEqual(meaning));
});
