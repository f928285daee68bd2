import { execFile } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { type Confinement, LinuxConfinement } from '#lib/host';

// Archives for specs.

const confinePath = fileURLToPath(new URL('../../../../native/build/Release/lxctl-confine', import.meta.url));

/** The real one, for specs that run as root. */
export function confinement(): Confinement {
  return new LinuxConfinement(confinePath);
}

/** Why a spec of the root lane cannot use `confinement`, '' where it can. */
export function lackOfConfinement(): string {
  return existsSync(confinePath) ? '' : 'lxctl-confine is not built';
}

export const goodMetadata = 'architecture: amd64\ncreation_date: 1700000000\nproperties: {os: Test, release: 1}\n';

export type SampleMember = [header: Partial<Header> & { name: string }, content?: string];

/** Writes a gzipped tarball. */
export async function writeSample(path: string, members: readonly SampleMember[]): Promise<void> {
  const tar = pack();
  for (const [header, content] of members) tar.entry({ mtime: new Date(1.7e12), uid: 0, gid: 0, ...header }, content ?? '');
  tar.finalize();
  await pipeline(tar, createWriteStream(path));
  await writeFile(path, gzipSync(await readFile(path)));
}

/** Compresses a gzipped sample in another way. */
export async function recompress(path: string, tool: string): Promise<void> {
  const plain = gunzipSync(await readFile(path));
  await writeFile(path, plain);
  if (tool === 'none') return;
  const args = tool === 'lzma' ? ['--format=lzma', '-c', path] : ['-c', path];
  const { stdout } = await promisify(execFile)(tool === 'lzma' ? 'xz' : tool, args, { encoding: 'buffer', maxBuffer: 1 << 26 });
  await writeFile(path, stdout);
}
