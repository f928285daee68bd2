import type { RootRecipe } from './storage.ts';

/** What the rest of the house may know of a driver. */
export interface DriverInfo {
  name: string;
  version: string;
  /** Data lives on another machine. */
  remote: boolean;
  /** A root keeps using its image's tree, so the tree must stay as long as the root. */
  layered: boolean;
}

/** The pool as a whole. */
export interface PoolRole {
  /** LxError 'pool.unusable' when the file system of the directory does not offer what roots need. Leaves nothing there. */
  probe(directory: string): Promise<void>;
  /** Makes what the driver keeps beside the common directories. Idempotent. */
  prepare(directory: string): Promise<void>;
}

/** Roots of instances. All directories exist only under the one given; every method is idempotent. */
export interface RootRole {
  /** `directory` is made by the caller. `image`: the image's directory (with rootfs/), null for an empty root. */
  create(directory: string, image: string | null): Promise<void>;
  /** `pool`: the pool's directory. */
  recipe(directory: string, image: string | null, pool: string): RootRecipe;
  /** Bytes the root's own data occupies; null when that cannot be told cheaply. */
  usage(directory: string): Promise<number | null>;
}

/** One way to keep roots. A driver is a folder under drivers/ and passes `storageDriverConformance`. */
export interface StorageDriver {
  readonly info: DriverInfo;
  readonly pool: PoolRole;
  readonly roots: RootRole;
}
