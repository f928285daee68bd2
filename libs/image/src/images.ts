import type { Readable } from 'node:stream';
import type { StringMap } from '#lib/base';
import type { ImageRow, Store } from '#lib/store';
import type { Aliases } from './aliases.ts';
import type { Upload } from './image-files.ts';

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
  /** The image that a recipe makes: built now, or found when it was built before. Callers that come together share the work. */
  build(project: string, recipe: string, progress: (text: string) => void, signal?: AbortSignal): Promise<ImageRow>;
  /** By alias, by whole fingerprint or by a unique prefix. LxError 'image.not_found', 'image.ambiguous'. */
  resolve(project: string, reference: { alias?: string; fingerprint?: string }): Promise<ImageRow>;
  /** Writes metadata.yaml, templates/ and rootfs/ into the directory, ids unshifted. */
  unpack(image: ImageRow, directory: string): Promise<void>;
  delete(project: string, fingerprint: string): Promise<void>;
}

export type ImageChange = Partial<Pick<ImageRow, 'public' | 'autoUpdate' | 'properties' | 'profiles' | 'expiresAt'>>;

/** What the controllers and operations need beside. */
export interface ImageLibrary extends Images {
  readonly aliases: Aliases;
  /** At start of the daemon, before recovery: makes the directories, removes what was on its way when the last daemon died. */
  prepare(): Promise<void>;
  list(project: string): Promise<ImageRow[]>;
  /** `change` sees the row as it is while nobody else can change it. LxError 'image.not_found'. */
  update(project: string, fingerprint: string, change: (row: ImageRow) => ImageChange): Promise<void>;
  /** Takes an upload of one or two files to disk and checks it. It is no image before the operation `image.create` made it one. */
  receive(request: ImportRequest, parts: AsyncIterable<Readable>, signal?: AbortSignal): Promise<{ upload: Upload; row: ImageRow }>;
  /** Inserts the row and its aliases, in the caller's transaction. LxError 'image.exists', 'alias.exists'. */
  record(store: Store, row: ImageRow, aliases: ImportRequest['aliases']): Promise<void>;
  /** Takes an upload back: its files, and its row where it came so far. */
  unpublish(upload: Upload, row: Pick<ImageRow, 'project' | 'uploadedAt'>): Promise<void>;
}
