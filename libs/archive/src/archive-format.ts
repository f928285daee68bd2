import { open } from 'node:fs/promises';
import { LxError } from '#lib/contract';

export type ArchiveFormat = 'squashfs' | 'tar' | 'gzip' | 'bzip2' | 'xz' | 'lzma' | 'zstd' | 'lz4';

/** First bytes of a file, in hex, and what they mean. */
const magics: readonly [hex: string, format: ArchiveFormat][] = [
  ['68737173', 'squashfs'],
  ['1f8b', 'gzip'],
  ['425a68', 'bzip2'],
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
  ['04224d18', 'lz4'],
  ['5d0000', 'lzma'],
];

/** How a tarball is decompressed: program and arguments, reading stdin, writing stdout. */
export const decompressors: Readonly<Record<Exclude<ArchiveFormat, 'squashfs' | 'tar'>, readonly [string, ...string[]]>> = {
  gzip: ['gzip', '-d', '-c'],
  bzip2: ['bzip2', '-d', '-c'],
  xz: ['xz', '-d', '-c', '-T0'],
  lzma: ['xz', '-d', '-c', '--format=lzma'],
  zstd: ['zstd', '-d', '-c', '-q', '--long=31'],
  lz4: ['lz4', '-d', '-c', '-q'],
};

/** LxError 'image.invalid' when the file is no archive that images come in. */
export async function formatOf(path: string): Promise<ArchiveFormat> {
  const head = await readHead(path, 512);
  const hex = head.toString('hex');
  const known = magics.find(([magic]) => hex.startsWith(magic));
  if (known) return known[1];
  if (head.length === 512 && head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  throw new LxError('image.invalid', {
    reason: head.length === 0 ? 'the file is empty' : 'the file is not an archive (tarball or squashfs)',
  });
}

export async function readHead(path: string, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What the name of an exported file ends in. */
export const extensions: Readonly<Record<ArchiveFormat, string>> = {
  squashfs: '.squashfs',
  tar: '.tar',
  gzip: '.tar.gz',
  bzip2: '.tar.bz2',
  xz: '.tar.xz',
  lzma: '.tar.lzma',
  zstd: '.tar.zst',
  lz4: '.tar.lz4',
};
