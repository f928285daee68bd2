import { Readable } from 'node:stream';
import { OpenConfinement } from '#lib/host';
import type { ImageRow } from '#lib/store';
import { goodMetadata, type SampleMember } from '../../../archive/src/testing/samples.ts';
import type { ImportRequest } from '../images.ts';
import { LocalImages, type LocalImagesParts } from '../local-images.ts';

// Images for the specs of this library.

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

/** Images of which none is made of an instance; what is not said is as little as there can be. */
export function localImages(parts: Partial<LocalImagesParts> & Pick<LocalImagesParts, 'stateDir' | 'store'>): LocalImages {
  const instances = () => {
    throw new Error('there are no instances');
  };
  return new LocalImages({ recipes: [], architecture: 'x86_64', confinement: new OpenConfinement(), instances, ...parts });
}
