import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { LxError } from '#lib/contract';
import { type ArchiveFormat, decompressors } from './archive-format.ts';
import { ArchiveRules, type Contents } from './archive-rules.ts';
import { CommandFailed, start } from './command.ts';
import { metadataLimit } from './metadata.ts';

/**
 * Reads a whole tarball by the rules. Returns the text of its metadata.yaml, null when it has none.
 * LxError 'image.invalid', also when it is cut short or damaged.
 */
export async function checkTar(
  path: string,
  format: Exclude<ArchiveFormat, 'squashfs'>,
  contents: Contents,
  signal?: AbortSignal,
): Promise<string | null> {
  const rules = new ArchiveRules(contents);
  const metadata: Buffer[] = [];
  let found = false;
  const walk = extract();
  walk.on('entry', (header, stream, next) => {
    // The walk itself tells what went wrong.
    stream.on('error', () => {});
    try {
      const sparseName = (header.pax as Record<string, string> | undefined)?.['GNU.sparse.name'];
      const member = rules.take({ name: sparseName ?? header.name, type: header.type ?? null, linkname: header.linkname ?? '' });
      // Read by GNU tar under another name: both must be good.
      if (sparseName !== undefined) rules.take({ name: header.name, type: 'file', linkname: '' });
      if (member === 'metadata.yaml' && contents !== 'rootfs') {
        if ((header.size ?? 0) > metadataLimit) throw new LxError('image.invalid', { reason: 'metadata.yaml is too large' });
        found = true;
        metadata.length = 0;
        stream.on('data', (chunk) => metadata.push(chunk as Buffer));
      }
    } catch (problem) {
      next(problem as Error);
      return;
    }
    stream.on('end', () => next());
    stream.resume();
  });
  await read(path, format, walk, signal);
  rules.finish();
  return found ? Buffer.concat(metadata).toString('utf8') : null;
}

async function read(
  path: string,
  format: Exclude<ArchiveFormat, 'squashfs'>,
  walk: NodeJS.WritableStream,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'r');
  const tail = new TarTail();
  try {
    const options = signal ? { signal } : {};
    if (format === 'tar') await pipeline(createReadStream(path), tail, walk, options);
    else {
      const [tool, ...args] = decompressors[format];
      const running = start(tool, args, { stdio: [file.fd, 'pipe'], signal });
      const walked = pipeline(running.stdout ?? Readable.from([]), tail, walk, options);
      // A broken stream shows on both ends; the decompressor's word is the clearer one, unless the walk stopped it.
      const [read, decompressed] = await Promise.allSettled([walked, running.done]);
      if (read.status === 'rejected' && read.reason instanceof LxError) throw read.reason;
      if (decompressed.status === 'rejected') throw decompressed.reason;
      if (read.status === 'rejected') throw read.reason;
    }
    tail.check();
  } catch (problem) {
    if (problem instanceof LxError) throw problem;
    if (signal?.aborted) throw new LxError('image.cancelled', undefined, { cause: problem });
    const words = problem instanceof CommandFailed || problem instanceof Error ? problem.message : String(problem);
    throw new LxError('image.invalid', { reason: `the archive is damaged or cut short (${words})` }, { cause: problem });
  } finally {
    await file.close();
  }
}

/** A tarball ends with blocks of zeros (tar(5)); one that was cut between two members lacks them. */
class TarTail extends Transform {
  #length = 0;
  #zeros = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#length += chunk.length;
    let zeros = 0;
    while (zeros < chunk.length && zeros < 512 && chunk[chunk.length - 1 - zeros] === 0) zeros++;
    this.#zeros = zeros === chunk.length ? this.#zeros + zeros : zeros;
    callback(null, chunk);
  }

  check(): void {
    if (this.#length === 0) throw new Error('it is empty');
    if (this.#length % 512 !== 0 || this.#zeros < 512) throw new Error('the end of the archive is missing');
  }
}
