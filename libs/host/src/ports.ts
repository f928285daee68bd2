import type { AddressInfo, LinkInfo, RouteInfo } from '#native';
import type { DeviceMount, LaunchPlan, RoomPlan } from './launch-plan.ts';
import type { LinkLimits, LinkPlan } from './link-plan.ts';
import type { ProxyPlan } from './proxy-plan.ts';

/** What a running keeper says of its instance. Times are milliseconds since the epoch. */
export interface KeeperInfo {
  id: string;
  initPid: number;
  startedAt: number;
  /** How often the guest rebooted itself since the launch. */
  reboots: number;
}

export type EndReason = 'poweroff' | 'killed' | 'exited' | 'reboot-failed';

/** How an instance ended, from the keeper's word or its end record. */
export interface EndRecord {
  id: string;
  reason: EndReason;
  /** wait status of init as waitpid(2) gives it. */
  status: number;
  endedAt: number;
  detail: string;
}

export interface ExecRequest {
  argv: readonly string[];
  /** KEY=value. */
  env: readonly string[];
  cwd: string;
  uid: number;
  gid: number;
  /** With a terminal the keeper makes a pty in the instance; without, the three fds are the command's stdio. */
  stdio: { terminal: true; columns: number; rows: number } | { terminal: false; stdin: number; stdout: number; stderr: number };
}

export interface RunningExec {
  pid: number;
  /** The pty's master; the caller owns it. null without a terminal. */
  terminal: number | null;
  /** Exit code as a shell gives it: 128 + n when killed by signal n. */
  exited: Promise<number>;
  signal(signal: number): void;
}

/** A server of an instance's files (native/src/files), for one client. */
export interface FileSession {
  /** The client's end: a connected stream socket that speaks SFTP version 3; the caller owns it. */
  fd: number;
  /** Ends it without its help. One whose client closes the socket ends by itself. */
  kill(): void;
}

/** The mounted root of an instance that does not run, for its files. Ends with this daemon. */
export interface FileRoom {
  /** Resolves when nothing can reach the root any more by way of this room, whoever ended it; not while some of it may be left. */
  readonly ended: Promise<void>;
  /** A new server of the files. ECONNRESET: the room has ended. */
  files(): Promise<FileSession>;
  /** Ends it and its servers. Resolves as `ended`; rejects with LxError 'file.room_stuck' when it does not end in time. */
  end(): Promise<void>;
}

/** One running instance, as its keeper shows it. Survives daemon restarts: a new daemon connects again. */
export interface Keeper {
  readonly info: KeeperInfo;
  /** Resolves when init is dead and nothing of the instance is left on the host: no mount, link or cgroup. */
  readonly ended: Promise<EndRecord>;
  /** Called after each reboot the guest did by itself. */
  onReboot: ((info: KeeperInfo) => void) | null;
  /** Sends a signal to init. */
  signal(signal: number): Promise<void>;
  /** SIGKILLs init; the kernel takes the rest of the pid namespace with it. Resolves with `ended`. */
  kill(): Promise<EndRecord>;
  exec(request: ExecRequest): Promise<RunningExec>;
  /** A new server of the files, inside the instance. ENOSYS of a keeper that is older than this. */
  files(): Promise<FileSession>;
  /** The console as a byte stream: an fd of a connected stream socket that the caller owns. */
  attachConsole(): Promise<number>;
  resizeConsole(columns: number, rows: number): Promise<void>;
  /** The console's ring buffer. */
  readLog(): Promise<Buffer>;
  clearLog(): Promise<void>;
  /** Links and addresses as seen inside the instance's network namespace. */
  network(): Promise<{ links: LinkInfo[]; addresses: AddressInfo[] }>;
  /** Mounts something more; EEXIST where the server has mounted at this target already. A reboot of the guest mounts it again. */
  mount(mount: DeviceMount): Promise<void>;
  /** Takes off what the server has mounted at `target`, `remove`: and the empty file below it. What is not there is no failure. */
  unmount(target: string, remove: boolean): Promise<void>;
  /** Makes a link; EEXIST where there is one of its name. */
  plug(link: LinkPlan): Promise<void>;
  /** Takes away the link that was planned under this name, whatever the guest calls it. What is not there is no failure. */
  unplug(name: string): Promise<void>;
  /** What goes over the link that was planned under this name is kept to these limits from now on, also after a reboot of the guest. */
  limit(name: string, limits: LinkLimits): Promise<void>;
  /** Starts a proxy, which listens when this resolves and stays until the instance ends; EEXIST where there is one of its name. */
  startProxy(proxy: ProxyPlan): Promise<void>;
  /** Ends it with its connections. What is not there is no failure. */
  endProxy(name: string): Promise<void>;
  /** Forgets the connection; the instance goes on. */
  close(): void;
}

/** The nursery and its keepers. */
export interface Keepers {
  /** Starts the nursery if none answers; from then on it is started again when it dies. Call once before `launch`. */
  prepare(): Promise<void>;
  /** Rejects with LxError 'launch.failed'; then nothing is left of the attempt. */
  launch(plan: LaunchPlan): Promise<Keeper>;
  /** Connects to every keeper that lives (after a daemon restart). One that does not answer in time is there too, and its `info` a guess until it does. */
  survivors(): Promise<Keeper[]>;
  /** End records of instances that ended while no daemon listened. */
  endRecords(): Promise<EndRecord[]>;
  forgetEndRecord(id: string): Promise<void>;
  /**
   * Mounts the root of an instance that does not run and keeps it from running meanwhile: its launch would fail. Rejects with LxError
   * 'file.room_failed'; then nothing is left of the attempt. LxError 'file.room_stuck': something is.
   */
  openRoom(plan: RoomPlan): Promise<FileRoom>;
  /** Ends the rooms that an earlier daemon left; call once before `launch`. LxError 'file.room_stuck' when one does not end in time. */
  endRooms(): Promise<void>;
  /** Ends the nursery (not the keepers). Only when the last instance is gone. */
  retire(): Promise<void>;
  /** Forgets the nursery; it goes on. */
  release(): void;
}

/** Links and addresses of the host. */
export interface Links {
  list(): Promise<LinkInfo[]>;
  addresses(): Promise<AddressInfo[]>;
  routes(): Promise<RouteInfo[]>;
  createBridge(name: string, options?: { mac?: string; mtu?: number }): Promise<void>;
  /** `isolated`: as a port of the bridge that it is on already. */
  setLink(
    name: string,
    change: { up?: boolean; bridge?: string | null; isolated?: boolean; mtu?: number; mac?: string; rename?: string },
  ): Promise<void>;
  deleteLink(name: string): Promise<void>;
  addAddress(link: string, cidr: string): Promise<void>;
  deleteAddress(link: string, cidr: string): Promise<void>;
  /** Calls back with the names of links that were deleted, by whomever; null: some, nobody knows which. Ends by the function it gives. */
  watch(onDeleted: (names: readonly string[] | null) => void): () => void;
}

/** Limits as the instance's config asks for them; absent: not limited. */
export interface CgroupLimits {
  memory?: { bytes: number; enforce: 'hard' | 'soft' };
  /** false: no swap; bytes: at most this much. */
  swap?: boolean | number;
  processes?: number;
  /** 0..10, LXD's limits.memory.swap.priority: the less, the sooner memory is swapped out. */
  swapPriority?: number;
  /** 0..10, LXD's limits.disk.priority; 5 is what an instance without it has. */
  diskPriority?: number;
  /** Bytes of huge pages, by their size as the kernel writes it (`2MB`). */
  hugepages?: Readonly<Record<string, number>>;
  /** A cpuset list ('0,2-3'). */
  cpuset?: string;
  /** CFS quota in microseconds a period. */
  cpuQuota?: { quota: number; period: number };
  /** 1..100 percent of a share, LXD's soft allowance. */
  cpuShare?: number;
  /** 0..10, LXD's limits.cpu.priority. */
  cpuPriority?: number;
  io?: readonly IoLimit[];
}

/** What of a disk may be read and written a second; absent: not limited. */
export interface IoLimit {
  /** `major:minor` of a whole disk. */
  disk: string;
  readBytes?: number;
  readOperations?: number;
  writeBytes?: number;
  writeOperations?: number;
}

export interface CgroupUsage {
  /** Nanoseconds. */
  cpu: number | null;
  /** Bytes. */
  memory: number | null;
  memoryPeak: number | null;
  memoryLimit: number | null;
  swap: number | null;
  swapPeak: number | null;
  processes: number | null;
}

/** Control groups of the host, v1 or v2 chosen per controller. */
export interface Cgroups {
  /** Reads the host's hierarchies and makes the server's own parent directories. Call once. */
  prepare(): Promise<void>;
  /** What the keeper must create, write and join for an instance. Refuses a limit the host cannot enforce. */
  plan(id: string, limits: CgroupLimits): import('./launch-plan.ts').CgroupPlan;
  /** What of it the host cannot enforce, a sentence each. */
  problems(limits: CgroupLimits): string[];
  /** Changes the limits of a running instance. */
  apply(id: string, limits: CgroupLimits): Promise<void>;
  usage(id: string): Promise<CgroupUsage>;
  freeze(id: string): Promise<void>;
  unfreeze(id: string): Promise<void>;
  frozen(id: string): Promise<boolean>;
  /** Removes what a keeper that died left (kills what still runs there). */
  sweep(id: string): Promise<void>;
  /** Ids that have directories. */
  list(): Promise<string[]>;
  /** At the end of a daemon that leaves no instance behind: removes the server's own directories, unless something is in them. */
  retire(): Promise<void>;
  /** Which version serves which controller, for GET /1.0 and warnings. */
  readonly backends: Readonly<Record<string, 'v1' | 'v2' | 'none'>>;
}

/** Watches and signals processes that are not children (dnsmasq, Postgres of an earlier daemon). */
export interface Processes {
  /** null when there is no such process. */
  open(pid: number): Promise<ProcessHandle | null>;
}
export interface ProcessHandle {
  readonly pid: number;
  readonly ended: Promise<void>;
  signal(signal: number): void;
  close(): void;
}
