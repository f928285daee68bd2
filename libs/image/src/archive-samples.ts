import { execFile } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { type Confinement, LinuxConfinement, OpenConfinement } from '#lib/host';
import type { ImageRow } from '#lib/store';
import type { ImportRequest } from './images.ts';
import { LocalImages, type LocalImagesParts } from './local-images.ts';

const confinePath = fileURLToPath(new URL('../../../native/build/Release/lxctl-confine', import.meta.url));

/** The real one, for specs that run as root. */
export function confinement(): Confinement {
  return new LinuxConfinement(confinePath);
}

/** Why a spec of the root lane cannot use `confinement`, '' where it can. */
export function lackOfConfinement(): string {
  return existsSync(confinePath) ? '' : 'lxctl-confine is not built';
}

/** Archives for the specs of this library. */
export const goodMetadata = 'architecture: amd64\ncreation_date: 1700000000\nproperties: {os: Test, release: 1}\n';

/** What an upload asks that names nothing; `change` says what differs. */
export function uploadRequest(change: Partial<ImportRequest> = {}): ImportRequest {
  return { project: 'default', filename: '', public: false, properties: {}, profiles: [], fingerprint: null, aliases: [], ...change };
}

/** Makes files an image, as a request with an upload does. */
export async function importFiles(images: LocalImages, request: ImportRequest, ...files: Readable[]): Promise<ImageRow> {
  const { upload } = images.sources;
  const reference = await upload.receive(request, Readable.from(files) as AsyncIterable<Readable>);
  return upload.fetch(request.project, reference);
}

/** Makes a recipe's image, or finds it. */
export function builtImage(images: LocalImages, name: string): Promise<ImageRow> {
  return images.sources.recipe.fetch('default', { name }, { progress: () => {}, signal: new AbortController().signal });
}

export type SampleMember = [header: Partial<Header> & { name: string }, content?: string];

export const goodUnified: readonly SampleMember[] = [
  [{ name: 'metadata.yaml' }, goodMetadata],
  [{ name: 'rootfs/', type: 'directory', mode: 0o755 }],
  [{ name: 'rootfs/etc/', type: 'directory', uid: 5, gid: 6, mode: 0o750 }],
  [{ name: 'rootfs/etc/motd', uid: 7, gid: 8, mode: 0o640 }, 'hello'],
  [{ name: 'rootfs/bin/', type: 'directory' }],
  [{ name: 'rootfs/bin/su', mode: 0o4755 }, '#!'],
  [{ name: 'rootfs/lib', type: 'symlink', linkname: '/usr/lib' }],
  [{ name: 'rootfs/bin/also', type: 'link', linkname: 'rootfs/bin/su' }],
  [{ name: 'rootfs/dev/', type: 'directory' }],
  [{ name: 'rootfs/dev/null', type: 'character-device', devmajor: 1, devminor: 3 }],
];

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

/** Images of which none is made of an instance; what is not said is as little as there can be. */
export function localImages(parts: Partial<LocalImagesParts> & Pick<LocalImagesParts, 'stateDir' | 'store'>): LocalImages {
  const instances = () => {
    throw new Error('there are no instances');
  };
  return new LocalImages({ recipes: [], confinement: new OpenConfinement(), instances, ...parts });
}
