import type { StringMap } from '#lib/base';
import type { WireAliasEntry, WireImage, WireImagePut, WireOperation } from '#lib/contract';
import { type Api, segment } from '../api.ts';
import { isApiError } from '../errors.ts';
import type { Reply } from '../envelope.ts';
import { multipartBody, type UploadPart } from '../multipart.ts';

export interface UploadOptions {
  filename: string;
  public: boolean;
  properties: StringMap;
}

export interface PublishedImage {
  source: { type: 'instance' | 'snapshot'; name: string };
  properties: StringMap;
  public: boolean;
  compression_algorithm?: string;
  /** RFC 3339. */
  expires_at?: string;
}

export class ImagesClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(): Promise<WireImage[]> {
    return this.#api.get('/1.0/images', { recursion: 1 });
  }

  /** By fingerprint or a unique beginning of one. */
  get(fingerprint: string): Promise<WireImage> {
    return this.#api.get(path(fingerprint));
  }

  read(fingerprint: string): Promise<Reply<WireImage>> {
    return this.#api.read(path(fingerprint));
  }

  aliases(): Promise<WireAliasEntry[]> {
    return this.#api.get('/1.0/images/aliases', { recursion: 1 });
  }

  /** The fingerprint that an alias, a fingerprint or the beginning of one means; null when there is no such image. */
  async find(reference: string): Promise<string | null> {
    const alias = await orNull(this.#api.get<WireAliasEntry>(`/1.0/images/aliases/${segment(reference)}`));
    if (alias) return alias.target;
    if (!/^[0-9a-f]{4,64}$/i.test(reference)) return null;
    return (await orNull(this.get(reference)))?.fingerprint ?? null;
  }

  /** One file that holds metadata.yaml and rootfs. */
  uploadUnified(options: UploadOptions, body: AsyncIterable<Uint8Array>): Promise<WireOperation> {
    return this.#api.upload('/1.0/images', { ...uploadHeaders(options), 'content-type': 'application/octet-stream' }, body);
  }

  /** A metadata tarball, then the root filesystem, in this order. */
  uploadSplit(options: UploadOptions, metadata: UploadPart, rootfs: UploadPart): Promise<WireOperation> {
    const { contentType, body } = multipartBody([metadata, rootfs]);
    return this.#api.upload('/1.0/images', { ...uploadHeaders(options), 'content-type': contentType }, body);
  }

  /** The server fetches it from a server of images. */
  copyFrom(
    image: { server: string; protocol: string; alias: string },
    wish: { aliases: { name: string; description: string }[]; auto_update: boolean; public: boolean },
  ): Promise<WireOperation> {
    return this.#api.start('POST', '/1.0/images', { ...wish, source: { type: 'image', mode: 'pull', ...image } });
  }

  /** It makes way for a newer one; `refreshed` in the operation's metadata says whether there was one. */
  refresh(fingerprint: string): Promise<WireOperation> {
    return this.#api.start('POST', `${path(fingerprint)}/refresh`);
  }

  /** The server fetches the image itself. */
  fetchUrl(options: UploadOptions, url: string): Promise<WireOperation> {
    return this.#api.start('POST', '/1.0/images', { ...options, source: { type: 'url', url } });
  }

  /** Makes the image of a recipe of the server's, e.g. `busybox` or `debian/12`; one that is there already is found at once. */
  build(recipe: string): Promise<WireOperation> {
    return this.#api.start('POST', '/1.0/images', { source: { type: 'recipe', name: recipe } });
  }

  /** Makes an image of an instance that does not run, or of a snapshot. */
  publish(image: PublishedImage): Promise<WireOperation> {
    return this.#api.start('POST', '/1.0/images', image);
  }

  export(fingerprint: string): Promise<{ body: AsyncIterable<Uint8Array>; headers: Record<string, string> }> {
    return this.#api.raw('GET', `${path(fingerprint)}/export`);
  }

  replace(fingerprint: string, body: WireImagePut, etag?: string | null): Promise<void> {
    return this.#api.send('PUT', path(fingerprint), body, etag);
  }

  delete(fingerprint: string): Promise<WireOperation> {
    return this.#api.start('DELETE', path(fingerprint));
  }

  createAlias(alias: { name: string; target: string; description?: string }): Promise<void> {
    return this.#api.send('POST', '/1.0/images/aliases', { ...alias, description: alias.description ?? '' });
  }

  renameAlias(name: string, newName: string): Promise<void> {
    return this.#api.send('POST', `/1.0/images/aliases/${segment(name)}`, { name: newName });
  }

  deleteAlias(name: string): Promise<void> {
    return this.#api.send('DELETE', `/1.0/images/aliases/${segment(name)}`);
  }
}

function path(fingerprint: string): string {
  return `/1.0/images/${segment(fingerprint)}`;
}

function uploadHeaders(options: UploadOptions): Record<string, string> {
  return {
    'x-lxd-filename': options.filename,
    'x-lxd-public': String(options.public),
    'x-lxd-properties': new URLSearchParams(options.properties).toString(),
  };
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (isApiError(error, 404)) return null;
    throw error;
  }
}
