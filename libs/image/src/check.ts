import { type Contents, formatOf } from '#lib/archive';
import { LxError } from '#lib/contract';
import type { Confinement } from '#lib/host';
import { checkSquashfs } from './check-squashfs.ts';
import { checkTar } from './check-tar.ts';
import { type ImageMetadata, parseMetadata } from './metadata.ts';

/** Checks archives before anything else is done with them. Programs that read them are confined. */
export class ArchiveChecks {
  readonly #confinement: Confinement;

  constructor(confinement: Confinement) {
    this.#confinement = confinement;
  }

  /** Checks an image of one file. LxError 'image.invalid'. */
  async unified(image: string, signal?: AbortSignal): Promise<ImageMetadata> {
    return parseMetadata(await this.#archive(image, 'unified', signal));
  }

  /** Checks an image of two files. LxError 'image.invalid'. */
  async split(metadata: string, rootfs: string, signal?: AbortSignal): Promise<ImageMetadata> {
    if ((await formatOf(metadata)) === 'squashfs') throw new LxError('image.invalid', { reason: 'the metadata file is not a tarball' });
    const parsed = parseMetadata(await this.#archive(metadata, 'metadata', signal));
    await this.#archive(rootfs, 'rootfs', signal);
    return parsed;
  }

  async #archive(path: string, contents: Contents, signal?: AbortSignal): Promise<string | null> {
    const format = await formatOf(path);
    if (format === 'squashfs') return checkSquashfs({ path, contents, signal }, this.#confinement);
    return checkTar({ path, format, contents, signal }, this.#confinement);
  }
}
