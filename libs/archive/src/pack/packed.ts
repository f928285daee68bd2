import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Compression } from '#lib/contract';
import type { Confinement, RunningProgram } from '#lib/host';
import { allDone } from './all-done.ts';
import { TarPack } from './tar-pack.ts';

export interface Packing {
  compression: Compression;
  confinement: Confinement;
  signal: AbortSignal;
  /** Told how many bytes were packed so far, before they are compressed. */
  told?: (bytes: number) => void;
}

/**
 * The bytes of a tarball that `fill` writes. Who stops reading, stops it. When they have all been read, or the reading failed,
 * nothing of it runs any more.
 */
export function packed(how: Packing, fill: (pack: TarPack) => Promise<void>): Readable {
  return Readable.from(bytesOf(how, fill), { objectMode: false, highWaterMark: 1 << 20 });
}

async function* bytesOf(how: Packing, fill: (pack: TarPack) => Promise<void>): AsyncGenerator<Buffer> {
  const stop = new AbortController();
  const signal = AbortSignal.any([how.signal, stop.signal]);
  const tar = new PassThrough({ highWaterMark: 1 << 20 });
  // Whoever reads it is told; it may be broken before anybody does.
  tar.on('error', () => {});
  let filling: Promise<void> = Promise.resolve();
  let compressing: Promise<void> = Promise.resolve();
  try {
    const compressor = compressorOf(how, signal);
    filling = filled(tar, fill, signal);
    const counted = count(tar, how.told);
    if (compressor?.stdin) compressing = allDone([pipeline(counted, compressor.stdin), compressor.done]);
    // Nobody reads any more what is still written.
    for (const work of [filling, compressing]) work.catch(() => stop.abort());
    for await (const chunk of compressor?.stdout ?? counted) yield chunk as Buffer;
    await allDone([filling, compressing]);
  } catch (error) {
    stop.abort();
    await allDone([Promise.reject(error as Error), filling, compressing]);
  } finally {
    stop.abort();
    await Promise.allSettled([filling, compressing]);
  }
}

async function filled(tar: PassThrough, fill: (pack: TarPack) => Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    const pack = new TarPack(tar, signal);
    await fill(pack);
    await pack.end();
    tar.end();
  } catch (error) {
    tar.destroy(error as Error);
    throw error;
  }
}

function compressorOf({ compression: { program, level }, confinement }: Packing, signal: AbortSignal): RunningProgram | null {
  if (program === 'none') return null;
  const tool = program === 'lzma' ? 'xz' : program;
  const args = [
    ...(program === 'lzma' ? ['--format=lzma'] : []),
    ...(program === 'zstd' || program === 'xz' ? ['-T0'] : []),
    ...(level === null ? [] : [`-${level}`]),
    '-c',
  ];
  return confinement.start(tool, args, { stdio: ['pipe', 'pipe'], signal });
}

async function* count(chunks: AsyncIterable<Buffer>, told: Packing['told']): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    told?.(bytes);
    yield chunk;
  }
}
