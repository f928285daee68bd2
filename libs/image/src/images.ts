import type { JsonObject, StringMap } from '#lib/base';
import type { Compression } from '#lib/contract';
import type { ImageRow, Store } from '#lib/store';
import type { WebSettings } from '#lib/streams';
import type { Aliases } from './aliases.ts';
import type { ImageFiles, Upload } from './image-files.ts';
import type { AskedImage, Fetching, ImageSource } from './sources/source.ts';

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

/** What an image is to be that is made for a request. */
export interface WantedImage {
  filename: string;
  public: boolean;
  /** null: as what it is made of says. */
  properties: StringMap | null;
  profiles: string[];
  expiresAt: Date | null;
  aliases: { name: string; description: string }[];
  /** null: as the server's config says. */
  compression: Compression | null;
  /** It is exchanged for a newer one when there is one where it came from. */
  autoUpdate: boolean;
}

/** How images of other servers come. */
export interface ImageReach {
  proxies: WebSettings['proxies'];
  /** Hours between two looks for newer ones; 0: none is looked for unasked. */
  updateHours: number;
  /** Those that came for an instance are looked for, too. */
  updateCached: boolean;
  /** Days that those which came for an instance stay when nobody uses them; 0: for good. */
  cacheDays: number;
}

/** What an operation fetches: a reference of a source. */
export type ImageOrder = { source: string; reference: JsonObject };

/** What an instance is to be made of: an image of the store, or one of a source that is fetched when it is not there yet. */
export type ImageWish = { source: null; alias: string; fingerprint: string } | { source: string; reference: JsonObject };

/** Images as instances use them. */
export interface Images {
  /** Reads what a request asks for: of the store, or of the source that it names as its protocol. LxError 'request.unsupported', 'request.invalid'. */
  wish(asked: AskedImage): ImageWish;
  /**
   * The image, if the store has it; null: `fetch` brings it. LxError 'alias.not_found', 'image.not_found', 'image.ambiguous', or what the source
   * says of an image that it does not have.
   */
  find(project: string, wish: ImageWish): Promise<ImageRow | null>;
  fetch(project: string, wish: ImageWish, fetching: Fetching): Promise<ImageRow>;
  /** By alias, by whole fingerprint or by a unique prefix. LxError 'alias.not_found', 'image.not_found', 'image.ambiguous'. */
  resolve(project: string, reference: { alias?: string; fingerprint?: string }): Promise<ImageRow>;
  /** Writes metadata.yaml, templates/ and rootfs/ into the directory, ids unshifted. */
  unpack(image: ImageRow, directory: string): Promise<void>;
}

export type ImageChange = Partial<Pick<ImageRow, 'public' | 'autoUpdate' | 'cached' | 'origin' | 'properties' | 'profiles' | 'expiresAt'>>;

/** The images of this server as sources fill them. */
export interface ImageStore {
  readonly files: ImageFiles;
  readonly aliases: Aliases;
  list(project: string): Promise<ImageRow[]>;
  /** What the server's config says that images are compressed with. */
  compression(): Promise<Compression>;
  /** What the server's config says of images that come from other servers. */
  reach(): Promise<ImageReach>;
  /** By whole fingerprint. */
  get(project: string, fingerprint: string): Promise<ImageRow | null>;
  /** Makes files on their way an image: files, row and aliases, or nothing. LxError 'image.exists', 'alias.exists'. */
  publish(upload: Upload, row: ImageRow, aliases: ImportRequest['aliases']): Promise<ImageRow>;
  /**
   * Makes an image that is there what somebody wants of it, with names that are its own already or nobody's; or changes nothing.
   * LxError 'image.not_found', 'alias.exists'.
   */
  adopt(project: string, fingerprint: string, change: (row: ImageRow) => ImageChange, aliases: ImportRequest['aliases']): Promise<ImageRow>;
  /** Takes that back, however far it came; an image that somebody else made of the same bytes stays. */
  unpublish(upload: Upload, row: Pick<ImageRow, 'project' | 'uploadedAt'>): Promise<void>;
}

/** What the controllers and operations need beside. */
export interface ImageLibrary extends Images, ImageStore {
  /** LxError 'request.unsupported' for one that this server does not have. */
  source(name: string): ImageSource;
  /** Reads a request for an image. LxError of the source, or 'request.unsupported' for what it cannot do. */
  order(project: string, asked: AskedImage, wanted: WantedImage): Promise<ImageOrder>;
  /** At start of the daemon, before recovery: makes the directories, removes what was on its way when the last daemon died. */
  prepare(): Promise<void>;
  /** `change` sees the row as it is while nobody else can change it. LxError 'image.not_found'. */
  update(project: string, fingerprint: string, change: (row: ImageRow) => ImageChange): Promise<void>;
  /** Removes the row, in the caller's transaction. */
  forget(store: Store, project: string, fingerprint: string): Promise<void>;
}
