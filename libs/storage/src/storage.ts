import type { StringMap } from '#lib/base';
import type { LxError } from '#lib/contract';
import type { Requestor } from '#lib/engine';
import type { CopyWishes, Layer, RootPlan } from '#lib/host';
import type { PoolRow, Store, VolumeRow } from '#lib/store';

/** One instance's root. Its volume has the instance's id, and its directory is named by that. */
export interface RootName {
  id: string;
  project: string;
  /** The instance's and the volume's, for the wire and for the link that people look at. */
  name: string;
}

/** A snapshot of a root: a volume of its own that has the snapshot's id. `delete`, `remove` and `rename` take it as they take a root. */
export interface SnapshotName {
  id: string;
  project: string;
  /** Id of the root. */
  root: string;
  /** `<root's name>/<snapshot's name>`. */
  name: string;
}

/** Runs the cut while nothing changes the root. */
export type Still = (cut: () => Promise<void>) => Promise<void>;

/** A root that is to take the place of another one: a volume of its own beside that, until it does. Named as a snapshot is. */
export interface Successor extends SnapshotName {
  /** Fingerprint of the image it is made from; null: an empty root. */
  image: string | null;
}

export interface NewRoot extends RootName {
  /** Name of the pool. */
  pool: string;
  /** Fingerprint of the image it is made from; null: an empty root. */
  image: string | null;
}

/** A tree that becomes the content of a root, or of a snapshot. */
export interface Filling {
  root: RootName;
  isSnapshot: boolean;
  tree: string;
}

/** A root, or a snapshot, that is to be like the root or snapshot `from` of another pool. `still` as for `Roots.snapshot`. */
export interface Across {
  root: RootName;
  isSnapshot: boolean;
  from: string;
  still: Still | null;
}

/** What copies from elsewhere stand on. */
export interface StandsOn {
  /** As `Roots.imageAcross` says, or, for snapshots of a root that is there, as `Roots.imageOf` does. */
  image: string | null;
  /** Id of a root of the pool that does not run and is much like them. */
  upon?: string;
}

/** How the keeper builds the instance's root from host directories. `root` refers to positions in `layers`. */
export interface RootRecipe {
  layers: Layer[];
  root: RootPlan;
}

/** Storage pools. */
export interface Pools {
  list(): Promise<PoolRow[]>;
  /** LxError 'pool.not_found'. */
  get(name: string): Promise<PoolRow>;
  /** Whether the pool's directory is there now. */
  available(name: string): Promise<boolean>;
  /** An operation, which is waited for. LxError 'pool.exists', 'pool.busy', 'pool.unusable', 'pool.unknown_driver'. */
  create(request: { name: string; driver: string; description: string; config: StringMap }, requestor?: Requestor): Promise<PoolRow>;
  /** `change` sees the pool as it is while nobody else can change it. */
  update(name: string, change: (before: PoolRow) => { description?: string; config?: StringMap }): Promise<void>;
  /** An operation, which is waited for. LxError 'pool.in_use' while it has volumes or profiles or instances name it; 'pool.busy'. */
  delete(name: string, requestor?: Requestor): Promise<void>;
  /** URLs of all that uses the pool. */
  usedBy(name: string): Promise<string[]>;
  /** Where its data is. */
  directory(name: string): Promise<string>;
  /** What keeps the pool from bounding what a root or a volume takes: LxError 'pool.no_quota'; null: it can. LxError 'pool.not_found'. */
  noQuota(name: string): Promise<LxError | null>;
  /** Bytes and inodes of the file system below. */
  resources(name: string): Promise<{ space: { used: number; total: number }; inodes: { used: number; total: number } }>;
}

/** What a device mounts of a custom volume. */
export interface VolumeSource {
  /** On the host; no part of it is a guest's to change. */
  path: string;
  /** Whether it shows with the ids of the instance. */
  mapped: boolean;
  /** Whether it may take so many bytes and no more. */
  bounded: boolean;
}

/** Rows of volumes, whatever they hold. */
export interface Volumes {
  /** With their snapshots, whose names are like `volume/snapshot`. */
  list(pool: string, project: string): Promise<VolumeRow[]>;
  /** LxError 'pool.not_found', 'volume.not_found'. */
  get(pool: string, project: string, type: string, name: string): Promise<{ row: VolumeRow; snapshots: VolumeRow[] }>;
  /** URLs of the instances and profiles with a device that is the custom volume, for each of a pool. */
  usedBy(pool: string): Promise<(volume: Pick<VolumeRow, 'project' | 'name'>) => readonly string[]>;
  /** A custom volume, for a device; its size is in force from then on. LxError 'pool.not_found', 'volume.not_found', 'pool.no_quota'. */
  custom(pool: string, project: string, name: string): Promise<VolumeSource>;
}

/**
 * Roots of instances. What concerns rows runs in the transaction given and asks nothing else of the database, what concerns
 * directories outside of one. All is idempotent, and undoing what was never done is no failure. Everything is found by the
 * root's id and its volume's row, nothing by a name.
 */
export interface Roots {
  /** Writes the volume's row, which the root's directories need. LxError 'volume.exists'; RowConflict 'volume_pool' for a pool that is gone. */
  reserve(writes: Store, root: NewRoot): Promise<void>;
  /** Of a root: its snapshots' volumes follow. LxError 'volume.exists'. */
  rename(writes: Store, id: string, name: string): Promise<void>;
  /** Removes the row. Call `delete` first. */
  remove(writes: Store, id: string): Promise<void>;
  /** The same of a root and its snapshots, in one statement. */
  removeAll(writes: Store, id: string): Promise<void>;

  /** Writes the row of a snapshot's volume, beside that of its root. RowConflict 'volume_parent' for a root that is gone. */
  reserveSnapshot(writes: Store, snapshot: SnapshotName): Promise<void>;
  /** Makes the snapshot's directories like the root's. What must not be disturbed runs in `still`; null: the root does not run. */
  snapshot(snapshot: SnapshotName, still: Still | null): Promise<void>;
  /** Writes the row of a root that is to be like the root or snapshot `from`, in the same pool. LxError 'volume.exists' and 'volume.not_found'. */
  reserveCopy(writes: Store, root: RootName, from: string): Promise<void>;
  /** Makes a snapshot like another one, of another root. */
  copySnapshot(snapshot: SnapshotName, from: string): Promise<void>;
  /** Makes the directories of a root like those of the root or snapshot `from`. `still` as for `snapshot`. */
  copy(root: RootName, from: string, still: Still | null, wishes?: CopyWishes): Promise<void>;
  /** Gives the root, which does not run, the content of its snapshot: all of it or nothing. */
  restore(root: RootName, snapshot: string): Promise<void>;

  /** Writes the row of a successor, in its root's pool. LxError 'volume.not_found' for a root that is gone. */
  reserveSuccessor(writes: Store, successor: Successor): Promise<void>;
  /** Makes its directories, as `create` makes those of a root. */
  createSuccessor(successor: Successor): Promise<void>;
  /** The fingerprint of the image that a root or snapshot stands on; null: none. LxError 'volume.not_found'. */
  imageOf(id: string): Promise<string | null>;
  /** Writes into the root's row what image it stands on. */
  setImage(writes: Store, id: string, image: string | null): Promise<void>;
  /** Puts the successor in the place of the root, which does not run: what that held is given up, all of it or nothing. */
  replace(root: RootName, successor: string): Promise<void>;
  /** Whether there is a row, and the directories; those of a successor no longer when it has taken its place. */
  isMade(id: string): Promise<boolean>;

  /**
   * Makes the directories of roots and snapshots, whose rows say that they have no image, of whole trees: `make` puts those into
   * a directory of the pool, which goes when it is done, and tells whose is which. Owners are as the instance sees them.
   */
  fill(pool: string, make: (directory: string) => Promise<readonly Filling[]>): Promise<void>;
  /**
   * The image of which a copy of the root or snapshot `from` is, in a pool: for `reserve`, and for `copyAcross`. null: it stands on
   * none there. LxError 'pool.not_found', 'volume.not_found'.
   */
  imageAcross(pool: string, from: string): Promise<string | null>;
  /** Whether a root and the root or snapshot `from` are of one pool and stand on the same, so that one can have the other's content. */
  isLike(id: string, from: string): Promise<boolean>;
  /**
   * Makes the directories of roots and snapshots of one instance, in this order, like those of another pool, or like such that stand on
   * another image. Between pools of one driver that has layers, only those come over that are not there. What comes to layers from
   * elsewhere is compared: only what differs from the one before is kept. Else each is copied as a whole.
   */
  copyAcross(pool: string, on: StandsOn, copies: readonly Across[], wishes: CopyWishes): Promise<void>;
  /** Makes the root's directories, on the image's tree that `Trees.ensure` made present. */
  create(root: NewRoot): Promise<void>;
  /** Removes the root's directories and its link. */
  delete(root: RootName): Promise<void>;
  /** How to build the root, for a start. LxError 'volume.not_found'. */
  recipe(root: RootName): Promise<RootRecipe>;
  /**
   * Shows the whole tree of a root or a snapshot, read only, with the owners that the instance itself sees; it is gone when `use`
   * has ended, or the daemon. What is read must not run, nor change or go meanwhile: hold its lock. Links in the tree are the
   * guest's: follow none. LxError 'volume.not_found'.
   */
  withTree<T>(id: string, use: (directory: string) => Promise<T>): Promise<T>;
  /**
   * Lets a root take so many bytes and no more, null: any number; also while it is used. Does little where it is so. LxError
   * 'pool.no_quota'.
   */
  bound(root: Pick<RootName, 'id'>, bytes: number | null): Promise<void>;
  /** Puts the link in order by which people find the root; `formerly`: the name it had before. */
  link(root: RootName, formerly?: string): Promise<void>;
  /** Bytes the instance's own changes occupy; null when the driver cannot tell cheaply. */
  usage(root: RootName): Promise<number | null>;
}

/** A root or a snapshot that goes to another pool. */
export interface Moved {
  root: RootName;
  isSnapshot: boolean;
}

/**
 * Roots, with their snapshots, that go to another pool under their ids, in this order. Nothing of what moves runs, nor changes
 * meanwhile. `image`: what `Roots.imageAcross` says of them.
 */
export interface RootMoves {
  /** Makes there what they hold. Idempotent. */
  copy(pool: string, image: string | null, moved: readonly Moved[], wishes: CopyWishes): Promise<void>;
  /** Takes that away again, unless their rows say that it is theirs. */
  takeBack(pool: string, moved: readonly Moved[]): Promise<void>;
  /** Their rows: from here on they are there. */
  settle(writes: Store, pool: string, image: string | null, moved: readonly Moved[]): Promise<void>;
  /** Removes what they had before, and has people find them where they are. `from`: id of the pool. Idempotent. */
  clear(from: string, moved: readonly Moved[]): Promise<void>;
}

/** Unpacked images in pools. */
export interface Trees {
  /**
   * Makes the image's tree present in the pool, once: `unpack` fills the directory it is given (the tree goes to
   * `<directory>/rootfs`); a crash in the middle leaves nothing that a later call would take for whole.
   */
  ensure(pool: string, fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void>;
  /** Where the tree lies that `ensure` made present. */
  directory(pool: string, fingerprint: string): Promise<string>;
  /** Removes the image's tree from every pool, unless an instance still has it as a layer; then it goes with the last one. */
  drop(fingerprint: string): Promise<void>;
}

/** Pools and what is in them. Drivers stay behind it. */
export interface Storage {
  /**
   * At start of the daemon: makes sure that every pool's directories are there and removes what a crash left half made. A
   * pool whose directory is missing stops nothing; it is looked for again when it is used.
   */
  prepare(): Promise<void>;
  /** When the machine is done with it: takes the mounts of pools away, which otherwise outlive the daemon as the instances do. */
  retire(): Promise<void>;
  /** Drivers this host can use, for GET /1.0 and validation. */
  readonly drivers: readonly { name: string; version: string; remote: boolean }[];
  readonly pools: Pools;
  readonly volumes: Volumes;
  readonly roots: Roots;
  readonly moves: RootMoves;
  readonly trees: Trees;
}
