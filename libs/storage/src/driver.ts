import type { StringMap } from '#lib/base';
import type { CopyWishes } from '#lib/host';
import type { RootRecipe, Still } from './storage.ts';

/** What the rest of the house may know of a driver. */
export interface DriverFlags {
  /** Data lives on another machine. */
  remote: boolean;
}

/** What a driver is unless it says otherwise. */
export const defaultFlags: Readonly<DriverFlags> = { remote: false };

/**
 * What a root stands on: directories whose content it shows, the uppermost first (changes that were sealed, then the
 * image's tree). Empty: an empty root. They are read only. Without `LayerRole` it is one tree at most, which is whole.
 */
export type Chain = readonly string[];

/** Where a root keeps what is its own. */
export interface RootPlace {
  /** The root's alone, and made by the caller. What is in it is the driver's affair. */
  directory: string;
  /** The pool's. */
  pool: string;
}

/** The pool as a whole. */
export interface PoolRole {
  /** LxError 'pool.unusable' when the file system of the directory does not offer what roots need. Leaves nothing there. */
  probe(directory: string): Promise<void>;
  /** Makes what the driver keeps beside the common directories. Idempotent. */
  prepare(directory: string): Promise<void>;
}

/** How a root is seen. */
export interface ViewRole {
  /** Pure: how the keeper builds the root of its place and the chain it was made from. */
  recipe(place: RootPlace, chain: Chain): RootRecipe;
}

export interface CreateRole {
  /** Makes a root that shows the chain. Idempotent; a call that was interrupted is told from one that was not. */
  create(place: RootPlace, chain: Chain): Promise<void>;
}

export interface UsageRole {
  /** Bytes the root's own data occupies; null when that cannot be told cheaply. */
  usage(place: RootPlace): Promise<number | null>;
}

/** What comes from elsewhere as a whole tree: from a pool of another driver, or a backup. */
export interface FillRole {
  /** Makes a root, that stands on nothing, of all of a tree that lies in the pool, and takes the tree. */
  fill(place: RootPlace, tree: string): Promise<void>;
}

/** For drivers that can make a root of another one of the pool, as a whole. */
export interface CopyRole {
  /** Makes a root like the one at `from` is while `still` runs what it is given; null: it is at rest. As idempotent as `create`. */
  copy(from: RootPlace, to: RootPlace, still: Still | null, wishes?: CopyWishes): Promise<void>;
}

/**
 * For drivers whose roots are changes over a chain, which they keep using. What a root has changed can become a tree of chains
 * itself: it is moved there as a whole, or copied.
 */
export interface LayerRole {
  /** Where a place has its changes. */
  changes(place: RootPlace): string;
  /** Whether there are none since `create` on this chain. */
  untouched(place: RootPlace, chain: Chain): Promise<boolean>;
  /**
   * Makes at `to` changes that do to a chain below what these do, the uppermost first, which is at rest
   * (null) or while `still` runs what it is given. `to` may be in another pool of the driver. As idempotent as `create`.
   */
  copy(from: readonly RootPlace[], to: RootPlace, still: Still | null, wishes?: CopyWishes): Promise<void>;
  /** Makes at `to` changes that make what the tree `tree` holds of what `base` shows; both are at rest. */
  differ(tree: string, base: string, to: RootPlace, wishes?: CopyWishes): Promise<void>;
}

/**
 * For drivers whose trees are of a kind of their own; others have plain directories (`plainTrees`). A tree is an image's, a root's
 * or the data of a custom volume. Any tree is removed by `removeTree` of `libs/host`.
 */
export interface TreeRole {
  /** Makes an empty tree, with the mode. */
  make(path: string, mode: number): Promise<void>;
  /** Makes at `to` a tree like the directory `from`, which may be of any pool. What a failure leaves there is the caller's. */
  copy(from: string, to: string): Promise<void>;
  /** Makes of a directory of the pool, which others have filled, a tree in its place. Idempotent. */
  take(path: string): Promise<void>;
}

/** For drivers that can bound what a tree takes. */
export interface QuotaRole {
  /** Lets it take so many bytes at most, what it shares with others among them; null: any number. Idempotent, also while it is used. */
  limit(tree: string, bytes: number | null): Promise<void>;
  /** Bytes that it takes; null where nobody counts them. */
  usage(tree: string): Promise<number | null>;
}

/** A file system of a pool's own. */
export interface Medium {
  /** UUID that it has: the pool's id. By that it is known, whatever has the name of its source by now. */
  id: string;
  /** Name of the pool. */
  label: string;
  /** A block device, or the file that is made for it. */
  source: string;
  /** Bytes of the file; null: a block device. */
  size: number | null;
  /** Of the mount, `key` or `key=value`. */
  options: readonly string[];
}

/** For drivers that can have a pool on a file system of its own, which is mounted where the pool is. */
export interface MediumRole {
  /** Options of the mount, by the pool's config. */
  options(config: StringMap): readonly string[];
  /** Makes the file system, in its file too. LxError 'pool.unusable', also for a device that has one already. Idempotent. */
  make(medium: Medium): Promise<void>;
  /** Whether it is mounted there. */
  isMounted(medium: Medium, directory: string): Promise<boolean>;
  /** Mounts it, unless it is. LxError 'pool.unusable'. */
  mount(medium: Medium, directory: string): Promise<void>;
  /** From the directory at once; it ends with its last user. */
  unmount(medium: Medium, directory: string): Promise<void>;
  /** Takes the file away, and the file system from its device. Idempotent, and takes nothing of another id. */
  unmake(medium: Medium): Promise<void>;
  /** Lets a mounted one have the size of its medium, which is larger than before. */
  grow(medium: Medium, directory: string): Promise<void>;
}

/** One way to keep roots. A driver is a folder under drivers/ and passes `storageDriverConformance`, which says what each role owes. */
export interface StorageDriver {
  readonly name: string;
  readonly version: string;
  /** Those that differ from `defaultFlags`. */
  readonly flags: Partial<DriverFlags>;
  readonly pool: PoolRole;
  readonly view: ViewRole;
  readonly create: CreateRole;
  readonly fill: FillRole;
  readonly usage: UsageRole;
  /** One of the two, or none where the driver cannot make a root of another one. */
  readonly copy?: CopyRole;
  readonly layers?: LayerRole;
  readonly trees?: TreeRole;
  readonly quota?: QuotaRole;
  readonly medium?: MediumRole;
}

export function flagsOf(driver: StorageDriver): DriverFlags {
  return { ...defaultFlags, ...driver.flags };
}
