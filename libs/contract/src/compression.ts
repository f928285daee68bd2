import { LxError } from './errors/index.ts';

/** What archives are compressed with, by LXD's names, and whether a level can follow. */
const programs = ['none', 'gzip', 'zstd', 'xz', 'bzip2', 'lzma', 'lz4'] as const;

/** Plain JSON: it lasts in journals. */
export type Compression = {
  program: (typeof programs)[number];
  /** null: the program's own. */
  level: number | null;
};

/** `gzip`, `zstd -19`, `none`; null for what this server cannot do. */
export function readCompression(text: string): Compression | null {
  const [, word = '', level] = /^ *([a-z0-9]+)(?: +-(\d{1,2}))? *$/.exec(text) ?? [];
  const program = programs.find((name) => name === word);
  if (program === undefined || (program === 'none' && level !== undefined)) return null;
  const highest = program === 'zstd' ? 19 : 9;
  if (level !== undefined && (Number(level) < 1 || Number(level) > highest)) return null;
  return { program, level: level === undefined ? null : Number(level) };
}

/** What a request asks for; null where it leaves that to the server. LxError 'archive.bad_compression'. */
export function wantedCompression(text: string): Compression | null {
  if (text === '') return null;
  const compression = readCompression(text);
  if (!compression) throw new LxError('archive.bad_compression', { name: text });
  return compression;
}

/** For texts. */
export const compressionNames: readonly string[] = programs;
