import type {
  BackupRow,
  EventRow,
  ImageAliasRow,
  ImageRow,
  InstanceRow,
  JournalEntry,
  NetworkRow,
  NicRow,
  OperationRow,
  PoolRow,
  ProfileRow,
  SnapshotRow,
  VolumeRow,
  WarningRow,
} from './rows.ts';

/** Fields a caller may leave to the store: ids and times. */
export type New<R, K extends keyof R> = Omit<R, K> & Partial<Pick<R, K>>;

/**
 * All that lasts. Every method is one statement, or one transaction where it says so. A method that changes a row that
 * is not there rejects with `RowMissing`; a broken uniqueness with `RowConflict` (both exported here), so that callers
 * map them to their own catalogue errors. While Postgres is away, hangs or is read-only, calls wait for it up to 10 s, then
 * reject with LxError 'database.unavailable' or 'database.failed' (`isDatabaseFailure` of #lib/contract knows them all).
 */
export interface Store {
  readonly instances: Instances;
  readonly snapshots: Snapshots;
  /** Of instances. */
  readonly backups: Backups;
  /** Of custom volumes. */
  readonly volumeBackups: Backups;
  readonly profiles: Profiles;
  readonly images: Images;
  readonly pools: Pools;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly nics: Nics;
  readonly operations: Operations;
  readonly events: Events;
  readonly config: ServerConfig;
  readonly warnings: Warnings;
  /**
   * Runs `work`, once, with a store bound to one transaction (READ COMMITTED); commits when it resolves. Not nestable. A
   * RowConflict inside makes the whole transaction fail. When the connection breaks in the middle or before the commit was
   * acknowledged, it rejects with LxError 'database.unavailable', and then it may or may not have taken effect.
   */
  tx<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /** Statements and commits since the start, but for those of events; for those who measure. Not in a transaction. */
  readonly traffic: { readonly statements: number; readonly commits: number };
  close(): Promise<void>;
}

export class RowMissing extends Error {
  override name = 'RowMissing';
}
/** For the `catch` of a deletion: what is not there need not be deleted. */
export function unlessMissing(error: unknown): void {
  if (!(error instanceof RowMissing)) throw error;
}
export class RowConflict extends Error {
  override name = 'RowConflict';
  constructor(
    readonly constraint: string,
    options?: ErrorOptions,
  ) {
    super(`uniqueness of ${constraint}`, options);
  }
}

/** Those of this server: what other servers left in the database is not seen, only the uniqueness of its names. */
export interface Instances {
  /** Sorted by name. */
  list(project: string | null): Promise<InstanceRow[]>;
  get(project: string, name: string): Promise<InstanceRow | null>;
  byId(id: string): Promise<InstanceRow | null>;
  /**
   * With its references: RowConflict 'instance_profile_profile', 'instance_reference_network', 'instance_reference_pool' or
   * 'instance_reference_volume' when a profile, network, pool or custom volume that it names is not there. With `seen`, in the order of `row.profiles`, also when a
   * profile is no longer what the caller has seen. `nics`: as `Nics.replace` has them.
   */
  insert(row: InstanceRow, seen?: readonly Pick<ProfileRow, 'config' | 'devices'>[], nics?: readonly NicRow[]): Promise<void>;
  /** Refuses as `insert` does. With `volatile`: merged as `mergeVolatile` does, in the same statement. */
  update(id: string, change: Partial<Omit<InstanceRow, 'id' | 'project'>>, volatile?: Record<string, string | null>): Promise<void>;
  /** Merges keys into `volatile`; null deletes a key. One statement. */
  mergeVolatile(id: string, change: Record<string, string | null>): Promise<void>;
  delete(id: string): Promise<void>;
  usingProfile(project: string, profile: string): Promise<InstanceRow[]>;
  /** Those with a device of their own that names the custom volume. */
  usingVolume(volumeId: string): Promise<InstanceRow[]>;
}

/** Snapshots of instances. They go with their instance. */
export interface Snapshots {
  /** Of one instance, of many, or (null) of all; the oldest first. */
  list(instanceIds: readonly string[] | null): Promise<SnapshotRow[]>;
  get(instanceId: string, name: string): Promise<SnapshotRow | null>;
  byId(id: string): Promise<SnapshotRow | null>;
  /** Those that are to be gone by then, of this server's instances. */
  expired(by: Date): Promise<SnapshotRow[]>;
  /** RowConflict 'instance_snapshot_name', or 'instance_snapshot_instance' when the instance is gone. */
  insert(row: SnapshotRow): Promise<void>;
  /** Refuses as `insert` does. */
  update(id: string, change: Partial<Pick<SnapshotRow, 'name' | 'expiresAt' | 'devices'>>): Promise<void>;
  delete(id: string): Promise<void>;
}

/** Backups of instances, or those of volumes. They go with what they are of. */
export interface Backups {
  /** Of one owner, of many, or (null) of all; the oldest first. */
  list(ownerIds: readonly string[] | null): Promise<BackupRow[]>;
  get(ownerId: string, name: string): Promise<BackupRow | null>;
  byId(id: string): Promise<BackupRow | null>;
  /** Those that are to be gone by then. */
  expired(by: Date): Promise<BackupRow[]>;
  /** RowConflict 'instance_backup_name', or 'instance_backup_instance' when the instance is gone; 'volume_...' of volumes. */
  insert(row: BackupRow): Promise<void>;
  /** RowConflict 'instance_backup_name', or 'volume_backup_name'. */
  update(id: string, change: Pick<BackupRow, 'name'>): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface Profiles {
  list(project: string): Promise<ProfileRow[]>;
  get(project: string, name: string): Promise<ProfileRow | null>;
  /** In the order of `names`; missing ones are left out. One statement. */
  many(project: string, names: readonly string[]): Promise<ProfileRow[]>;
  /** `get` for a change, in a transaction: until it ends nobody else changes the row or begins to use it. */
  lock(project: string, name: string): Promise<ProfileRow | null>;
  /** Those with a device that names the custom volume. */
  usingVolume(volumeId: string): Promise<ProfileRow[]>;
  /** RowConflict 'profile_reference_network', 'profile_reference_pool' or 'profile_reference_volume' when what a device names is not there. */
  insert(row: New<ProfileRow, 'id'>): Promise<ProfileRow>;
  /** Refuses as `insert` does. */
  update(id: string, change: Partial<Omit<ProfileRow, 'id' | 'project'>>): Promise<void>;
  /** RowConflict 'instance_profile_profile' while an instance uses it. */
  delete(id: string): Promise<void>;
}

export interface Images {
  /** null: of all projects. */
  list(project: string | null): Promise<ImageRow[]>;
  /** By whole fingerprint. */
  get(project: string, fingerprint: string): Promise<ImageRow | null>;
  /** Of all projects. */
  fingerprints(): Promise<string[]>;
  /** Every image whose fingerprint begins so. */
  byPrefix(project: string, prefix: string): Promise<ImageRow[]>;
  /** `get` for a change, in a transaction: until it ends nobody else changes the row. */
  lock(project: string, fingerprint: string): Promise<ImageRow | null>;
  insert(row: ImageRow): Promise<void>;
  update(project: string, fingerprint: string, change: Partial<Omit<ImageRow, 'fingerprint' | 'project'>>): Promise<void>;
  /** With its aliases. One transaction. */
  delete(project: string, fingerprint: string): Promise<void>;
  aliases(project: string): Promise<ImageAliasRow[]>;
  alias(project: string, name: string): Promise<ImageAliasRow | null>;
  insertAlias(row: ImageAliasRow): Promise<void>;
  updateAlias(project: string, name: string, change: Partial<Omit<ImageAliasRow, 'project'>>): Promise<void>;
  deleteAlias(project: string, name: string): Promise<void>;
}

export interface Pools {
  list(): Promise<PoolRow[]>;
  get(name: string): Promise<PoolRow | null>;
  byId(id: string): Promise<PoolRow | null>;
  /** `get` for a change, in a transaction: until it ends nobody else changes the row or begins to use it. */
  lock(name: string): Promise<PoolRow | null>;
  insert(row: New<PoolRow, 'id'>): Promise<PoolRow>;
  update(id: string, change: Partial<Omit<PoolRow, 'id'>>): Promise<void>;
  /** RowConflict 'volume_pool', 'instance_reference_pool' or 'profile_reference_pool' while it is used. */
  delete(id: string): Promise<void>;
}

export interface Volumes {
  list(poolId: string): Promise<VolumeRow[]>;
  get(poolId: string, project: string, type: VolumeRow['type'], name: string): Promise<VolumeRow | null>;
  byId(id: string): Promise<VolumeRow | null>;
  /** `byId` for a change, in a transaction: until it ends nobody else changes the row. */
  lock(id: string): Promise<VolumeRow | null>;
  /** Those that were taken of it. */
  snapshots(parentId: string): Promise<VolumeRow[]>;
  /** Snapshots of custom volumes whose time is over. */
  expired(by: Date): Promise<VolumeRow[]>;
  /** Custom volumes whose config has the key `snapshots.schedule`. */
  scheduled(): Promise<VolumeRow[]>;
  insert(row: New<VolumeRow, 'id' | 'createdAt' | 'parentId' | 'expiresAt'>): Promise<VolumeRow>;
  update(id: string, change: Partial<Omit<VolumeRow, 'id'>>): Promise<void>;
  /**
   * RowConflict 'volume_parent' while it has snapshots, 'instance_reference_volume' or 'profile_reference_volume' while a
   * device names it.
   */
  delete(id: string): Promise<void>;
  /** With its snapshots; what is not there need not be deleted. */
  deleteAll(id: string): Promise<void>;
}

export interface Networks {
  list(project: string): Promise<NetworkRow[]>;
  get(project: string, name: string): Promise<NetworkRow | null>;
  /** `get` for a change, in a transaction: until it ends nobody else changes the row or begins to use it. */
  lock(project: string, name: string): Promise<NetworkRow | null>;
  insert(row: New<NetworkRow, 'id'>): Promise<NetworkRow>;
  update(id: string, change: Partial<Omit<NetworkRow, 'id'>>): Promise<void>;
  /** RowConflict 'instance_reference_network' or 'profile_reference_network' while a device names it. */
  delete(id: string): Promise<void>;
}

/** The network cards of instances, as far as they must differ. They go with their instance. */
export interface Nics {
  /**
   * All of one instance. RowConflict 'nic_address', 'nic_mac' or 'nic_host_name' when another card has the like. One
   * statement.
   */
  replace(instanceId: string, nics: readonly NicRow[]): Promise<void>;
  inSegment(segment: string): Promise<(NicRow & { instanceId: string })[]>;
}

export interface Operations {
  insert(row: OperationRow): Promise<void>;
  /**
   * Writes the entry, unless the row has its revision or a later one: then false, because this write, or one that came
   * after it, has been done. So it may be sent again when nobody knows whether it took effect, also while the first one
   * still waits in a server that hangs. Row locks make two of them take turns.
   */
  advance(id: string, entry: JournalEntry): Promise<boolean>;
  /** Those whose status is not final: what a crash left. Oldest first, after the one given. */
  unfinished(page: { after?: Pick<OperationRow, 'createdAt' | 'id'> | null; limit: number }): Promise<OperationRow[]>;
  /** Ids of those among `ids` of which a later operation that succeeded held one of the locks. */
  overtaken(ids: readonly string[]): Promise<string[]>;
  get(id: string): Promise<OperationRow | null>;
  /** Also spares what began after the oldest unfinished one: `overtaken` needs it. */
  deleteFinishedBefore(at: Date): Promise<number>;
}

export interface Events {
  /** Many at once; asynchronous commit, because an event lost in a power cut costs nothing. */
  append(rows: readonly New<EventRow, 'id'>[]): Promise<void>;
  since(id: number, limit: number): Promise<EventRow[]>;
  deleteBefore(at: Date): Promise<number>;
}

export interface ServerConfig {
  all(): Promise<Record<string, string>>;
  /** `all` for a change, in a transaction: until it ends nobody else changes a key. */
  lock(): Promise<Record<string, string>>;
  /** Sets many keys; null deletes. One transaction. */
  set(change: Record<string, string | null>): Promise<void>;
}

/** Those of this server. */
export interface Warnings {
  /** Oldest first. */
  list(): Promise<WarningRow[]>;
  get(id: string): Promise<WarningRow | null>;
  /** The one of this type about the same thing. */
  about(type: string, entity: WarningRow['entity'], entityId: string): Promise<WarningRow | null>;
  insert(row: WarningRow): Promise<void>;
  update(id: string, change: Partial<Omit<WarningRow, 'id'>>): Promise<void>;
  delete(id: string): Promise<void>;
  deleteResolvedBefore(at: Date): Promise<void>;
}
