import type { DeviceMap, Json, JsonObject, StringMap } from '#lib/base';

/** Rows as the rest of the house sees them: plain data. The TypeORM entities that hold them stay inside libs/store. */

/** A server: a daemon with its state directory. */
export interface ServerIdentity {
  /** uuid, kept in the state directory. */
  id: string;
  name: string;
  /** Where it can be found: its socket. */
  address: string;
  version: string;
}

export interface ServerRow extends ServerIdentity {
  /** Rises each time a server takes the database. */
  epoch: number;
  /** When it was last known to have the database. */
  heartbeat: Date;
}

export interface InstanceRow {
  /** uuid; also the keeper's id, the cgroup's name and the volume's directory key. */
  id: string;
  project: string;
  name: string;
  architecture: string;
  description: string;
  ephemeral: boolean;
  /** Without volatile.* keys. */
  config: StringMap;
  /** The volatile.* keys, kept apart so that they are no part of the ETag. */
  volatile: StringMap;
  devices: DeviceMap;
  /** What is attached to the running instance, as it was attached. */
  attached: AttachedRow[];
  profiles: string[];
  /** What the daemon last wanted or saw; the keeper is the truth. */
  power: 'running' | 'stopped';
  createdAt: Date;
  lastUsedAt: Date | null;
  /** The range of host ids that is its own, both null when it has none. No two ranges overlap. */
  idBase: number | null;
  idCount: number | null;
}

/** An instance as it was. Its root is the volume with the same id. */
export interface SnapshotRow {
  /** uuid. */
  id: string;
  instanceId: string;
  name: string;
  architecture: string;
  ephemeral: boolean;
  config: StringMap;
  volatile: StringMap;
  devices: DeviceMap;
  /** Names, which may be gone by now. */
  profiles: string[];
  createdAt: Date;
  /** null: never. */
  expiresAt: Date | null;
}

/** A backup of an instance or a custom volume, whose file the server keeps. */
export interface BackupRow {
  /** uuid; also the name of its file. */
  id: string;
  /** Of the instance or the volume. */
  ownerId: string;
  name: string;
  /** Without the snapshots. */
  alone: boolean;
  createdAt: Date;
  /** null: never. */
  expiresAt: Date | null;
}

/** A device in use; the rest is its type's own (libs/device). */
export type AttachedRow = JsonObject & {
  type: string;
  device: string;
  /** Those of its options that cannot change while it is attached, as they were then. */
  options: StringMap;
};

/** What a network card of an instance has for itself; no two may have the same. */
export type NicRow = {
  device: string;
  /** The network or interface of the host that it is on, null for none: addresses differ within it. */
  segment: string | null;
  /** Fixed by its options. */
  address: string | null;
  /** In lower case. */
  mac: string | null;
  /** Fixed by its options. */
  hostName: string | null;
};

export interface ProfileRow {
  id: string;
  project: string;
  name: string;
  description: string;
  config: StringMap;
  devices: DeviceMap;
}

/** Where an image came from, and is looked for again. */
export type ImageOrigin = {
  protocol: 'simplestreams';
  server: string;
  /** The only one that the server may have, in PEM; '': one of an authority that this host trusts. */
  certificate: string;
  /** What was asked for there. */
  alias: string;
};

export interface ImageRow {
  fingerprint: string;
  project: string;
  filename: string;
  size: number;
  public: boolean;
  autoUpdate: boolean;
  cached: boolean;
  architecture: string;
  properties: StringMap;
  /** Profile names for instances made from it. */
  profiles: string[];
  /** One file, or metadata and root file system apart. */
  layout: 'unified' | 'split';
  /** metadata.yaml, parsed. */
  metadata: JsonObject;
  /** null: nowhere that could have a newer one. */
  origin: ImageOrigin | null;
  expiresAt: Date | null;
  createdAt: Date | null;
  uploadedAt: Date;
  lastUsedAt: Date | null;
}

export interface ImageAliasRow {
  project: string;
  name: string;
  description: string;
  fingerprint: string;
}

export interface PoolRow {
  id: string;
  name: string;
  driver: string;
  description: string;
  config: StringMap;
}

export interface VolumeRow {
  /** A root has the id of its instance, a snapshot's root that of the snapshot. */
  id: string;
  /** Of a snapshot: the volume it was taken of. */
  parentId: string | null;
  poolId: string;
  project: string;
  name: string;
  type: 'container' | 'image' | 'custom';
  contentType: 'filesystem';
  description: string;
  config: StringMap;
  createdAt: Date;
  /** Of a custom volume's snapshot; null: never. An instance's snapshot has its own. */
  expiresAt: Date | null;
}

export interface NetworkRow {
  id: string;
  project: string;
  name: string;
  type: string;
  description: string;
  config: StringMap;
}

/** An operation and its journal. */
export interface OperationRow {
  id: string;
  project: string;
  kind: string;
  class: 'task' | 'websocket' | 'token';
  statusCode: number;
  resources: Record<string, string[]> | null;
  metadata: JsonObject | null;
  error: string;
  mayCancel: boolean;
  /** Names that it alone held while it ran (Locks in libs/engine). */
  locks: string[];
  /** Counts the writes of the journal: an older one that arrives late changes nothing. */
  revision: number;
  /** What the operation was asked to do; with `state`, all that undo or resume need. */
  params: JsonObject;
  state: JsonObject;
  /** Names of the steps begun, in order. The last one may be unfinished. */
  begun: string[];
  /** Names of the steps finished. */
  finished: string[];
  createdAt: Date;
  updatedAt: Date;
}

/** What changes of an operation's row while it runs. */
export type JournalEntry = Pick<
  OperationRow,
  'revision' | 'statusCode' | 'metadata' | 'error' | 'state' | 'begun' | 'finished' | 'updatedAt'
>;

export interface EventRow {
  /** Ascending. */
  id: number;
  type: 'operation' | 'lifecycle' | 'logging';
  project: string;
  at: Date;
  metadata: Json;
}

/** Something that is not as it should be, of which nobody was told who asked. One row a type and what it is about. */
export interface WarningRow {
  id: string;
  type: string;
  /** Empty: of no project. */
  project: string;
  /** What it is about; both empty: the server. */
  entity: '' | 'instance' | 'network' | 'pool';
  entityId: string;
  status: 'new' | 'acknowledged' | 'resolved';
  count: number;
  message: string;
  firstSeenAt: Date;
  lastSeenAt: Date;
  /** When its status last changed. */
  updatedAt: Date;
}
