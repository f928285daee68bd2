import type { Readable } from 'node:stream';
import type { StringMap } from '#lib/base';
import type { ImageRow } from '#lib/store';

export interface ImportRequest {
  project: string;
  filename: string;
  public: boolean;
  properties: StringMap;
  profiles: string[];
  /** What the client says it will be; LxError when it is not. */
  fingerprint: string | null;
  aliases: { name: string; description: string }[];
}

/** Images of this server: their files, rows and aliases. */
export interface Images {
  /**
   * Takes the bytes to disk while hashing them, checks the archive thoroughly (API section 2.13; no `..`, no absolute
   * path, no member behind a symlink, no device node outside dev/), and only then makes the image known.
   * `progress` gets a text such as "metadata: 100% (20 MB/s)".
   */
  importUnified(request: ImportRequest, body: Readable, signal?: AbortSignal): Promise<ImageRow>;
  importSplit(request: ImportRequest, metadata: Readable, rootfs: Readable, signal?: AbortSignal): Promise<ImageRow>;
  /** Adds an image that a recipe built (directory with metadata.yaml and rootfs/, or files). */
  build(project: string, recipe: string, progress: (text: string) => void, signal?: AbortSignal): Promise<ImageRow>;
  /** By alias, by whole fingerprint or by a unique prefix of at least 12 characters... LxError 'image.not_found'. */
  resolve(project: string, reference: { alias?: string; fingerprint?: string }): Promise<ImageRow>;
  /** Writes metadata.yaml, templates/ and rootfs/ into the directory, ids unshifted. */
  unpack(image: ImageRow, directory: string): Promise<void>;
  delete(project: string, fingerprint: string): Promise<void>;
}
