import type { UploadPart } from '#lib/client';
import { CommandError } from '../../run/verb.ts';

/** A file to send; a directory is packed on the way (metadata.yaml and rootfs/ in it). */
export async function filePart(name: string, path: string): Promise<UploadPart> {
  const { createReadStream } = await import('node:fs');
  const { access, constants, stat } = await import('node:fs/promises');
  try {
    await access(path, constants.R_OK);
    if ((await stat(path)).isDirectory()) return { name, filename: 'image.tar', body: packed(path) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'ENOENT' ? `${path} does not exist` : `${path} cannot be read: ${code}`);
  }
  return { name, filename: path.split('/').pop() || path, body: createReadStream(path, { highWaterMark: 1 << 18 }) };
}

async function* packed(directory: string): AsyncGenerator<Uint8Array> {
  const { spawn } = await import('node:child_process');
  const { existsSync } = await import('node:fs');
  if (!existsSync(`${directory}/metadata.yaml`)) throw new CommandError(`${directory} is not an image: it has no metadata.yaml`);
  const tar = spawn('tar', ['--numeric-owner', '--xattrs', '--create', '--directory', directory, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('exit', resolve);
  });
  yield* tar.stdout;
  if ((await ended) !== 0) throw new CommandError(`tar could not pack ${directory}`);
}

/** The name of a file that a server sends, without directories; empty: it names none. */
export function fileNamed(headers: Record<string, string>): string {
  return base(/filename="?([^";]+)"?/.exec(headers['content-disposition'] ?? '')?.[1]);
}

/** The server names the files, not the directories. */
export function base(name: string | undefined): string {
  const last = name?.split('/').pop() ?? '';
  return last === '.' || last === '..' ? '' : last;
}

/** Writes a body to a file that appears only when it is whole. */
export async function saveFile(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const { createWriteStream } = await import('node:fs');
  const { rename, rm } = await import('node:fs/promises');
  const { pipeline } = await import('node:stream/promises');
  const partial = `${path}.partial`;
  try {
    await pipeline(body, createWriteStream(partial));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
