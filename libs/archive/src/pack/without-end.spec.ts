import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { collect } from '#lib/client';
import { withoutEnd } from './without-end.ts';

async function* inPieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
const trimmed = (bytes: Buffer, length = 65_536) => collect(withoutEnd(inPieces(bytes, length)));

async function archive(make: (place: string) => Promise<void>, ...flags: string[]): Promise<Buffer> {
  const place = await mkdtemp('/tmp/lxctl-end-');
  try {
    await make(place);
    const args = ['-C', place, '--format=pax', '--xattrs', ...flags, '-cf', '-', '.'];
    return (await promisify(execFile)('tar', args, { encoding: 'buffer', maxBuffer: 1 << 28 })).stdout;
  } finally {
    await rm(place, { recursive: true });
  }
}

describe('an archive without its end', () => {
  it('is the same whatever its records are, and in whatever pieces it comes', async () => {
    const make = async (place: string) => {
      await writeFile(join(place, `${'long'.repeat(60)}`), 'x'.repeat(513));
      await writeFile(join(place, 'zeros'), Buffer.alloc(4096));
    };
    const fixed = ['--mtime=@1', '--pax-option=delete=atime,delete=ctime,exthdr.name=%f', '--sort=name', '--owner=0', '--group=0'];
    const [small, large] = await Promise.all([archive(make, '-b1', ...fixed), archive(make, '-b512', ...fixed)]);
    expect(large.length).toBeGreaterThan(small.length);
    const wanted = small.subarray(0, small.length - 1024);
    for (const length of [1, 100, 512, 5000, 1 << 20]) expect((await trimmed(large, length)).equals(wanted)).toBe(true);
    expect((await trimmed(small)).equals(wanted)).toBe(true);
  });

  it('is followed by sizes that no header has room for', async () => {
    const records = (text: string) => `${text.length + 4} ${text}\n`;
    const said = Buffer.alloc(512);
    said.write(records('size=0000001024'));
    const header = (flag: string, size: number) => {
      const made = Buffer.alloc(512);
      made.write('name');
      made.write(size.toString(8).padStart(11, '0'), 124);
      made.write(flag, 156);
      return made;
    };
    const members = Buffer.concat([
      header('x', records('size=0000001024').length),
      said,
      header('0', 0),
      Buffer.alloc(1024),
      header('5', 0),
    ]);
    expect((await trimmed(Buffer.concat([members, Buffer.alloc(10_240)]))).equals(members)).toBe(true);
  });

  it('is refused when it has none', async () => {
    const bytes = await archive((place) => writeFile(join(place, 'a'), 'x'));
    await expect(trimmed(bytes.subarray(0, 1024))).rejects.toThrow('tar did not end its archive');
  });
});
