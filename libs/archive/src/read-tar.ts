import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LxError } from '#lib/contract';
import type { Confinement } from '#lib/host';
import { type ArchiveFormat, decompressors } from './archive-format.ts';

export interface Tarball {
  path: string;
  format: Exclude<ArchiveFormat, 'squashfs'>;
  signal?: AbortSignal | undefined;
}
type Read<T> = (source: AsyncIterable<Buffer>) => Promise<T>;

/** Has `read` read a whole tarball. LxError 'image.invalid' when it is cut short or damaged. */
export async function readTar<T>({ path, format, signal }: Tarball, confinement: Confinement, read: Read<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    if (format === 'tar') return await read(createReadStream(path, signal ? { signal } : {}));
    return await readCompressed(file, format, confinement, signal, read);
  } catch (error) {
    if (error instanceof LxError) throw error;
    if (signal?.aborted) throw new LxError('image.cancelled', undefined, { cause: error });
    throw new LxError('image.invalid', { reason: `the archive is damaged or cut short (${(error as Error).message})` }, { cause: error });
  } finally {
    await file.close();
  }
}

async function readCompressed<T>(
  file: FileHandle,
  format: Exclude<ArchiveFormat, 'squashfs' | 'tar'>,
  confinement: Confinement,
  signal: AbortSignal | undefined,
  reader: Read<T>,
): Promise<T> {
  const [tool, ...args] = decompressors[format];
  const running = confinement.start(tool, args, { stdio: [file.fd, 'pipe'], signal });
  const { stdout } = running;
  if (stdout === null) throw new Error(`${tool} has no output`);
  const read = await reader(stdout).then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  // It ends by a broken pipe when the reading ended early.
  stdout.destroy();
  const decompressed = await running.done.then(
    () => null,
    (error: unknown) => error,
  );
  // A broken stream shows on both ends; the decompressor's word is the clearer one, unless the reading stopped it.
  if ('error' in read && read.error instanceof LxError) throw read.error;
  if (decompressed !== null) throw decompressed;
  if ('error' in read) throw read.error;
  return read.result;
}
