import type { DeviceMap, StringMap } from '#lib/base';

/** An instance as clients see it (`GET /1.0/instances/{name}`). Times are RFC 3339 text. */
export interface WireInstance {
  name: string;
  description: string;
  /** Stopped, Running, Frozen, Error, ... (status.ts). */
  status: string;
  status_code: number;
  created_at: string;
  /** `1970-01-01T00:00:00Z` for one that was never started. */
  last_used_at: string;
  location: string;
  type: 'container' | 'virtual-machine';
  project: string;
  architecture: string;
  ephemeral: boolean;
  stateful: boolean;
  profiles: string[];
  /** The instance's own config, including `volatile.*` and `image.*`. */
  config: StringMap;
  devices: DeviceMap;
  /** The config merged with the profiles; later profiles override earlier ones. */
  expanded_config: StringMap;
  expanded_devices: DeviceMap;
  /** Only in requests: the snapshot to go back to. */
  restore?: string;
}

/** `recursion=2` of the list, `recursion=1` of one. */
export interface WireInstanceFull extends WireInstance {
  backups: WireInstanceBackup[];
  /** null when the state could not be read. */
  state: WireInstanceState | null;
  snapshots: WireInstanceSnapshot[];
}

/** Body of PUT and PATCH on an instance. */
export interface WireInstancePut {
  architecture?: string;
  config?: StringMap;
  devices?: DeviceMap;
  ephemeral?: boolean;
  profiles?: string[];
  restore?: string;
  stateful?: boolean;
  description?: string;
}

/** Body of `POST /1.0/instances`. */
export interface WireInstancesPost extends WireInstancePut {
  /** When empty, the server generates a name. */
  name?: string;
  source: WireInstanceSource;
  instance_type?: string;
  type?: 'container' | 'virtual-machine' | '';
  /** Start it in the same operation (extension instance_create_start). */
  start?: boolean;
}

export interface WireInstanceSource {
  type: 'image' | 'none' | 'copy' | 'migration';
  alias?: string;
  fingerprint?: string;
  properties?: StringMap;
  server?: string;
  secret?: string;
  protocol?: string;
  certificate?: string;
  mode?: 'pull' | 'push' | 'relay';
  'base-image'?: string;
  source?: string;
  live?: boolean;
  instance_only?: boolean;
  container_only?: boolean;
  refresh?: boolean;
  project?: string;
  allow_inconsistent?: boolean;
  operation?: string;
  secrets?: StringMap;
}

/** Body of `POST /1.0/instances/{name}`: a new name. */
export interface WireInstancePost {
  name: string;
  migration?: boolean;
  live?: boolean;
  instance_only?: boolean;
  container_only?: boolean;
  pool?: string;
  project?: string;
  allow_inconsistent?: boolean;
}

/** Body of `PUT /1.0/instances/{name}/state`. */
export interface WireInstanceStatePut {
  action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze';
  /** Seconds; negative: wait for ever. */
  timeout: number;
  force: boolean;
  stateful?: boolean;
}

/** Body of `PUT /1.0/instances`: the same change of state for all instances. */
export interface WireInstancesPut {
  state: WireInstanceStatePut;
}

export interface WireInstanceState {
  status: string;
  status_code: number;
  /** Device name to bytes used; null when stopped. */
  disk: Record<string, { usage: number }> | null;
  memory: WireInstanceStateMemory;
  network: Record<string, WireInstanceStateNetwork> | null;
  /** Of the init, as the host sees it; 0 when stopped. */
  pid: number;
  /** -1 when not known. */
  processes: number;
  /** Nanoseconds. */
  cpu: { usage: number };
}

/** Bytes. */
export interface WireInstanceStateMemory {
  usage: number;
  usage_peak: number;
  swap_usage: number;
  swap_usage_peak: number;
}

export interface WireInstanceStateNetwork {
  addresses: WireAddress[];
  counters: WireInstanceCounters;
  hwaddr: string;
  /** The host's end of the pair; empty where there is none. */
  host_name: string;
  mtu: number;
  state: 'up' | 'down';
  type: 'broadcast' | 'loopback' | 'point-to-point' | 'unknown' | string;
}

export interface WireAddress {
  family: 'inet' | 'inet6';
  address: string;
  /** Prefix length as text, e.g. "24". */
  netmask: string;
  scope: 'local' | 'link' | 'global';
}

export interface WireInstanceCounters {
  bytes_received: number;
  bytes_sent: number;
  packets_received: number;
  packets_sent: number;
  errors_received: number;
  errors_sent: number;
  packets_dropped_outbound: number;
  packets_dropped_inbound: number;
}

export interface WireInstanceSnapshot {
  name: string;
  created_at: string;
  last_used_at: string;
  /** `0001-01-01T00:00:00Z`: never. */
  expires_at: string;
  architecture: string;
  config: StringMap;
  devices: DeviceMap;
  expanded_config: StringMap;
  expanded_devices: DeviceMap;
  ephemeral: boolean;
  profiles: string[];
  stateful: boolean;
  /** Bytes; -1 when not known. */
  size: number;
}

/** Body of `POST /1.0/instances/{name}/snapshots`. */
export interface WireInstanceSnapshotsPost {
  /** When empty, the server makes one. */
  name: string;
  stateful?: boolean;
  /** RFC 3339; absent: as the instance's snapshots.expiry says. */
  expires_at?: string | null;
}

export interface WireInstanceBackup {
  name: string;
  created_at: string;
  expires_at: string;
  instance_only: boolean;
  container_only: boolean;
  optimized_storage: boolean;
}

/** Body of `POST /1.0/instances/{name}/backups`. */
export interface WireInstanceBackupsPost {
  /** When empty, the server makes one. */
  name: string;
  /** RFC 3339; absent: never. */
  expires_at?: string | null;
  instance_only?: boolean;
  container_only?: boolean;
  optimized_storage?: boolean;
  /** Empty: as the server's backups.compression_algorithm says. */
  compression_algorithm?: string;
}

/** Body of `POST /1.0/instances/{name}/exec`. */
export interface WireInstanceExecPost {
  command: string[];
  'wait-for-websocket': boolean;
  /** A pty; else three pipes. */
  interactive: boolean;
  environment: StringMap;
  width: number;
  height: number;
  'record-output': boolean;
  user: number;
  group: number;
  cwd: string;
}

/** Body of `POST /1.0/instances/{name}/console`. */
export interface WireInstanceConsolePost {
  width: number;
  height: number;
  type: 'console' | 'vga' | '';
  /** Incus: end the session that holds the console. */
  force?: boolean;
}

/** A text frame on the control socket of an exec or a console. Sizes are numbers as text. */
export type WireControl = { command: 'window-resize'; args: { width: string; height: string } } | { command: 'signal'; signal: number };
