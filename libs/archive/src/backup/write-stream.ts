import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** Writes a file that only root may read, as its content comes. `end`: what is done with it before it is closed. */
export async function writeStream(
  path: string,
  content: Readable,
  signal: AbortSignal,
  end: (file: FileHandle) => Promise<void> = async () => {},
): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    // @types/node leaves out that async iterables are taken too (Node's fs documentation, filehandle.writeFile).
    await file.writeFile(content as unknown as Buffer, { signal });
    await end(file);
  } finally {
    await file.close();
  }
}
