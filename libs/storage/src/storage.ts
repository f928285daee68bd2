import type { StringMap } from '#lib/base';
import type { Layer, RootPlan } from '#lib/host';
import type { New, PoolRow, VolumeRow } from '#lib/store';

/** Names one instance's root volume. */
export interface RootVolume {
  pool: string;
  project: string;
  /** The instance's name: the volume's name on the wire and its directory's (project `default`: `<name>`, others `<project>_<name>`). */
  instance: string;
}

/** How the keeper builds the instance's root from host directories. `root` refers to positions in `layers`. */
export interface RootRecipe {
  layers: Layer[];
  root: RootPlan;
}

/** Pools and volumes. Drivers stay behind it. All steps are idempotent; undoing what was never done is no failure. */
export interface Storage {
  /**
   * At start of the daemon: makes sure that every pool's directories are there and removes what a crash left half made. A
   * pool whose directory is missing stops nothing; it is looked for again when it is used.
   */
  prepare(): Promise<void>;
  listPools(): Promise<PoolRow[]>;
  /** Whether the pool's directory is there now. */
  available(name: string): Promise<boolean>;
  /** URLs of all that uses the pool. */
  usedBy(name: string): Promise<string[]>;
  /** LxError 'pool.not_found'. */
  pool(name: string): Promise<PoolRow>;
  createPool(request: { name: string; driver: string; description: string; config: StringMap }): Promise<PoolRow>;
  updatePool(name: string, change: { description?: string; config?: StringMap }): Promise<void>;
  /** LxError 'pool.in_use' while it has volumes or profiles or instances name it. */
  deletePool(name: string): Promise<void>;
  /** Bytes and inodes of the file system below. */
  poolResources(name: string): Promise<{ space: { used: number; total: number }; inodes: { used: number; total: number } }>;
  volumes(pool: string, project: string): Promise<VolumeRow[]>;
  /** Drivers this host can use, for GET /1.0 and validation. */
  readonly drivers: readonly { name: string; version: string; remote: boolean }[];

  /**
   * Makes the image's tree present in the pool, once: `unpack` fills the directory it is given (the tree goes to
   * `<directory>/rootfs`); a crash in the middle leaves nothing that a later call would take for whole.
   */
  ensureImage(pool: string, fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void>;
  /** Removes the image's tree from every pool, unless an instance still has it as a layer; then it goes with the last one. */
  dropImage(fingerprint: string): Promise<void>;
  /** `image` null: an empty root. Directories only; the volume's row is written by `volumeRow` inside the caller's transaction. */
  createRoot(volume: RootVolume, image: string | null): Promise<void>;
  /** The row of a root volume; its image in the config key `volatile.image`. */
  volumeRow(volume: RootVolume, image: string | null): Promise<New<VolumeRow, 'id' | 'createdAt'>>;
  deleteRoot(volume: RootVolume): Promise<void>;
  renameRoot(volume: RootVolume, newName: string): Promise<void>;
  rootRecipe(volume: RootVolume, image: string | null): Promise<RootRecipe>;
  /** Bytes the instance's own changes occupy; null when the driver cannot tell cheaply. */
  rootUsage(volume: RootVolume): Promise<number | null>;
  /** Directory of the instance in its pool; what is in it is the driver's affair. */
  rootDirectory(volume: RootVolume): Promise<string>;
  /** Directory that holds metadata.yaml, templates/ and rootfs/ of an image in a pool. Read only. */
  imageDirectory(pool: string, fingerprint: string): Promise<string>;
}
