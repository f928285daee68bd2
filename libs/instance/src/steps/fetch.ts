import type { StringMap } from '#lib/base';
import { problemsOf, refuse } from '#lib/contract';
import type { StepContext } from '#lib/engine';
import type { Images, ImageWish } from '#lib/image';
import type { ImageRow } from '#lib/store';
import { architectureProblems } from '../architecture.ts';
import type { HostFacts } from '../host-facts.ts';

/** Where an image comes from that a request names: as the wire has it. */
export type NamedImage = {
  alias?: string;
  fingerprint?: string;
  server?: string;
  protocol?: string;
  certificate?: string;
  secret?: string;
  mode?: string;
};

/** LxError 'request.unsupported' for a protocol that no source speaks. */
export function imageWish(images: Images, named: NamedImage): ImageWish {
  const { alias = '', fingerprint = '', server = '', protocol = '', certificate = '', secret = '' } = named;
  return images.wish({ type: 'image', name: '', alias, fingerprint, server, protocol, certificate, secret });
}

/** What is wrong with a request for an image by itself. */
export function unnamed({ type, alias, fingerprint, mode = '' }: NamedImage & { type: string }): string[] {
  if (type !== 'image') return [];
  return problemsOf([
    [!(alias || fingerprint), 'Must specify one of alias, fingerprint or properties for init from image'],
    [!['', 'pull'].includes(mode), `Images are pulled: there is no mode ${JSON.stringify(mode)}`],
  ]);
}

/** What a new instance takes from its image. */
export type FromImage = {
  fingerprint: string;
  /** Properties as `image.*`. */
  config: StringMap;
};

export function fromImage({ fingerprint, properties }: ImageRow): FromImage {
  return { fingerprint, config: Object.fromEntries(Object.entries(properties).map(([key, value]) => [`image.${key}`, value])) };
}

/**
 * Brings an image that was not there when the request was checked. It stays when the instance fails: it is as good as any
 * other, and whoever asks again finds it.
 */
export async function fetchImage<P, S>(
  using: { images: Images; host: HostFacts },
  wish: ImageWish,
  { project, progress, signal }: Pick<StepContext<P, S>, 'project' | 'progress' | 'signal'>,
): Promise<FromImage> {
  const tell = (text: string) => progress({ create_image_progress: text });
  const row = await using.images.fetch(project, wish, { progress: tell, signal });
  refuse(architectureProblems(row.architecture, using.host.architecture));
  return fromImage(row);
}
