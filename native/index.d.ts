/**
 * The addon's surface: what the kernel offers and Node does not, and that is safe on any thread. Hand-written;
 * `libs/host` is its only importer. Failures are Errors in Node's own shape: `{code: 'EPERM', errno: -1,
 * syscall: 'mount_setattr', path?}`; promises reject with the same. File descriptors are plain numbers that the
 * caller owns and closes with `closeFd`. Every fd is close-on-exec from birth. `path` names what the call was about: a
 * path, a link, an address, a system call's name. `detail`, where there is one, has the kernel's own words.
 */

export interface PeerCredentials {
  pid: number;
  uid: number;
  gid: number;
}

/** A SOCK_SEQPACKET unix socket that keeps message boundaries and carries fds (unix(7), SCM_RIGHTS). */
export class Channel {
  private constructor();
  /** Connects; throws ENOENT, ECONNREFUSED, ... Paths over 107 bytes are reached through their directory's fd. */
  static connect(path: string): Channel;
  /** Listens at `path` (mode 0600), which must not exist and which `close` leaves there; `onAccept` gets each connection. */
  static listen(path: string, onAccept: (channel: Channel) => void): { close(): void };
  /** Takes over a connected SOCK_SEQPACKET socket; throws EPROTOTYPE for another kind, then the fd stays the caller's. */
  static adopt(fd: number): Channel;
  /** Who was at the other end when it connected. */
  readonly peer: PeerCredentials;
  /** Called with each message and the fds that came with it (owned by the callee). Until it is set, messages wait. */
  onMessage: ((data: Buffer, fds: number[]) => void) | null;
  /** Called once, after the last message, when the peer is gone (null) or the socket failed; not after one's own `close`. */
  onClose: ((error: Error | null) => void) | null;
  /**
   * Sends one message of 1 byte to 200 KiB with at most 253 fds; the fds stay the caller's. Throws EAGAIN when the socket
   * buffer is full, EPIPE when the peer is gone, EBADF when closed here.
   */
  send(data: Uint8Array, fds?: readonly number[]): void;
  /** Whether this channel keeps the event loop alive (default true). */
  ref(): void;
  unref(): void;
  close(): void;
}

export function closeFd(fd: number): void;
/** SO_PEERCRED of a connected unix socket. */
export function peerCredentials(fd: number): PeerCredentials;
/** pipe2(O_CLOEXEC). */
export function pipe(): { read: number; write: number };
/** socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC). */
export function socketPair(): [number, number];
/** A socket pair for `Channel.adopt`: SOCK_SEQPACKET, nonblocking. */
export function channelPair(): [number, number];
/** A memfd's or file's whole content by pread, off the event loop; the fd stays open. */
export function readFd(fd: number): Promise<Buffer>;
/**
 * Reads many small files (cgroupfs, procfs, sysfs) in one trip to the thread pool. An entry is null where the file
 * does not exist (ENOENT, ENODEV, ESRCH); any other failure rejects.
 */
export function readFiles(paths: readonly string[]): Promise<(string | null)[]>;

/**
 * Copies the directory `from` (a path, or a descriptor, which stays the caller's) to `to`, which is not there or an empty directory, with all
 * that an inode has; of several, the uppermost first, it makes one layer of an overlay that does what they do. See
 * src/tree/copy.h. On a thread of its own. With `base`, a
 * tree that does not change, the copy is a layer that lies over it: what differs, and whiteouts. `onBytes` hears now and then how
 * much is there. `done` has
 * the bytes of all contents; it rejects with ECANCELED after `cancel`. What a failure left at `to` is the caller's.
 */
export function copyTree(
  from: string | number | readonly string[],
  to: string,
  onBytes: ((bytes: number) => void) | null,
  before?: EarlierTree,
  base?: string,
): { done: Promise<number>; cancel(): void };

/** An earlier copy of a tree, and what is known of it. */
export interface EarlierTree {
  readonly earlierTree: unique symbol;
}
/**
 * Copies a tree that may be changing, for `copyTree` of the same tree on the same file system: what has not changed by then is
 * moved there. EOPNOTSUPP where the file system is not known to note every change (only ext4, XFS and btrfs are).
 */
export function copyTreeBefore(
  from: string,
  to: string,
  onBytes: ((bytes: number) => void) | null,
): { done: Promise<number>; cancel(): void; before: EarlierTree };
/** Whether copying a tree is no matter of some milliseconds. */
export function isLargeTree(path: string): Promise<boolean>;

/**
 * Makes the empty directory `to` with owner, mode, times and extended attributes of the directory `like` (but for those of
 * overlayfs), at once or not at all; `<to>.new` is its name until it is whole. Done where `to` is there.
 */
export function directoryLike(like: string, to: string): Promise<void>;
/** Whether the directory is as `directoryLike` made it. */
export function isDirectoryLike(directory: string, like: string): Promise<boolean>;

/** Numbers of <linux/ethtool.h>: `connector` is PORT_*, `transceiver` XCVR_*. */
export interface NetworkPort {
  connector: number;
  transceiver: number;
  autoNegotiation: boolean;
}
/** ETHTOOL_GLINKSETTINGS of a link; null when there is no such link or its driver has no settings. */
export function networkPort(link: string): Promise<NetworkPort | null>;

/**
 * The whole tree that these directories show in layers, the uppermost first, as overlayfs with `userxattr` reads them; one is
 * shown as it is. The fd is a mount of its own that nobody finds by a path: it can be read by `/proc/<pid>/fd/<fd>/`, only read,
 * and is gone with the fd.
 */
export function mergedTree(layers: readonly string[]): Promise<number>;

/**
 * Removes a tree by directory fds, a symlink as itself, in one trip to the thread pool; what is not there is removed. Resolves
 * to false when it is too large for that: call again. Rejects with ENAMETOOLONG when it is nested too deep, with EXDEV where
 * something is mounted in it.
 */
export function removeTree(path: string): Promise<boolean>;

// ---- btrfs: <linux/btrfs.h>
/** A new, empty subvolume with the mode 0755; EEXIST where something is. */
export function makeSubvolume(path: string): Promise<void>;
/**
 * A writable snapshot of the subvolume `from` with all that are nested in it, on the same file system. Each is of one moment; all
 * of them are only while nothing changes. What a failure leaves at `to` is the caller's to remove.
 */
export function snapshotSubvolume(from: string, to: string): Promise<void>;
/** Whether the directory is the root of a subvolume; false on other file systems. */
export function isSubvolume(path: string): Promise<boolean>;
/** UUID of the file system below; null when it is no btrfs. */
export function btrfsUuid(path: string): Promise<string | null>;
/** Lets the file system at the path use all of its first device, also of a loop device's file, which has grown. */
export function growBtrfs(path: string): Promise<void>;
/** Bytes that a subvolume refers to, and those of them that nothing else does, as last written; null where nothing is counted. */
export function subvolumeUsage(path: string): Promise<{ referenced: number; exclusive: number } | null>;
/**
 * Lets a subvolume refer to so many bytes at most, null: to any number. The first limit begins the quotas of the file system and
 * waits until all is counted.
 */
export function limitSubvolume(path: string, bytes: number | null): Promise<void>;
/** Removes the quota groups of subvolumes of the file system that are gone. */
export function sweepSubvolumeGroups(path: string): Promise<void>;

// ---- mounts of the host
/**
 * Mounts the file system that a block device has, or a regular file by a loop device that is gone with the mount. `options`:
 * `key` or `key=value`, of the file system or of the mount (noatime, nodiratime, nodev, nosuid, noexec). All or nothing.
 */
export function mountFilesystem(mount: { source: string; type: string; target: string; options: readonly string[] }): Promise<void>;
/** Takes a mount from the tree at once; it ends with its last user. Where nothing is mounted, nothing is done. */
export function unmountFilesystem(path: string): Promise<void>;

// ---- processes: pidfd_open(2), pidfd_send_signal(2)
export function pidfdOpen(pid: number): number;
export function pidfdSendSignal(pidfd: number, signal: number): void;
/** Calls back once when the process behind the pidfd has ended. Does not take the fd. */
export function pidfdWatch(pidfd: number, onExit: () => void): { close(): void };

// ---- terminals
export function setWindowSize(fd: number, columns: number, rows: number): void;

// ---- rtnetlink(7)
export interface LinkCounters {
  rxBytes: number;
  txBytes: number;
  rxPackets: number;
  txPackets: number;
  rxErrors: number;
  txErrors: number;
  rxDropped: number;
  txDropped: number;
}
export interface LinkInfo {
  index: number;
  name: string;
  /** IFLA_INFO_KIND: 'bridge', 'veth', ...; '' for physical and loopback links. */
  kind: string;
  /** ARPHRD_ value: 1 ether, 772 loopback. */
  hardwareType: number;
  up: boolean;
  running: boolean;
  mtu: number;
  mac: string;
  /** Index of the bridge it belongs to, 0 for none. */
  master: number;
  /** IFLA_LINK: for a veth, the index of its peer, in the peer's namespace. */
  peerIndex: number;
  counters: LinkCounters;
}
export interface AddressInfo {
  index: number;
  family: 'inet' | 'inet6';
  address: string;
  prefix: number;
  /** 'global' | 'link' | 'local' | 'site'. */
  scope: string;
}
export interface RouteInfo {
  family: 'inet' | 'inet6';
  /** CIDR, or 'default'. */
  destination: string;
  gateway: string | null;
  index: number;
}
/** A NETLINK_ROUTE socket. All calls run off the event loop, one after the other. */
export class RouteSocket {
  /** In this process's network namespace, or on a NETLINK_ROUTE socket made inside another one (`fd` is taken over). */
  constructor(fd?: number);
  links(): Promise<LinkInfo[]>;
  addresses(): Promise<AddressInfo[]>;
  routes(): Promise<RouteInfo[]>;
  /** Links and addresses in one trip. */
  snapshot(): Promise<{ links: LinkInfo[]; addresses: AddressInfo[] }>;
  createBridge(name: string, options?: { mac?: string; mtu?: number }): Promise<void>;
  /** The peer is born inside the namespace given by pid or fd. Both ends are down unless told otherwise. */
  createVeth(
    name: string,
    options: {
      peer: string;
      namespacePid?: number;
      namespaceFd?: number;
      bridge?: string;
      mac?: string;
      peerMac?: string;
      mtu?: number;
      up?: boolean;
    },
  ): Promise<void>;
  /** `isolated`: as a port of the bridge that it is on already. */
  setLink(
    name: string,
    change: { up?: boolean; bridge?: string | null; isolated?: boolean; mtu?: number; mac?: string; rename?: string },
  ): Promise<void>;
  deleteLink(name: string): Promise<void>;
  /** IPv6 addresses skip duplicate detection: on a bridge without ports it would never end. */
  addAddress(link: string, cidr: string): Promise<void>;
  deleteAddress(link: string, cidr: string): Promise<void>;
  addRoute(route: { destination: string; gateway?: string; link?: string }): Promise<void>;
  deleteRoute(route: { destination: string; gateway?: string; link?: string }): Promise<void>;
  close(): void;
}

/**
 * Calls back with the names of links of this process's network namespace that were deleted, by whomever; with null when
 * some were missed. Does not keep the process alive.
 */
export function linkWatch(onDeleted: (names: string[] | null) => void): { close(): void };

/**
 * Calls back when devices of the host that have nodes have come, changed or gone, by the kernel's own word, or entries of
 * `directories` have come or gone, or one of these itself. Does not keep the process alive.
 */
export function deviceWatch(onChange: () => void): {
  /** In place of the last ones; of one that is not there nothing is heard. */
  directories(list: readonly string[]): void;
  close(): void;
};

// ---- seccomp: libseccomp to a BPF program
export interface SeccompRule {
  syscall: string;
  /** 'kill' | 'allow' | an errno name such as 'EPERM' | an errno number, '0' for a call that does nothing and succeeds. */
  action: string;
  /** All must hold: argument number, comparison, value (and mask for 'masked'). */
  when?: {
    argument: number;
    operator: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'masked';
    value: bigint | number;
    mask?: bigint | number;
  }[];
}
export interface SeccompPolicy {
  /** As of a rule. */
  defaultAction: string;
  rules: readonly SeccompRule[];
  /** Calls of the machine's other ABIs (x86_64: i386 and x32) fail with ENOSYS. */
  nativeOnly?: boolean;
}
/** The BPF program (array of struct sock_filter) of a policy for this machine's architectures. Unknown syscall names reject with EINVAL naming them. */
export function compileSeccomp(policy: SeccompPolicy): Promise<Buffer>;
/** Whether any ABI has a system call of this name. */
export function isSystemCall(name: string): boolean;

/** The module is one object: named imports are not there at run time, take them from it (libs/host/src/native.ts does). */
declare const addon: typeof import('./index.d.ts');
export default addon;
