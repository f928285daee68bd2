import type { LinkPlan } from './link-plan.ts';

/**
 * The whole of what the keeper does to bring an instance up, as data: TypeScript decides, the keeper obeys. The bytes
 * on the wire are made by `encodePlan` and read by native/src/keeper/plan.*; docs/keeper-protocol.md draws both.
 *
 * Order of containment (keeper K, child C):
 *   K  cgroups.create, cgroups.write; open_tree of every layer; clone3 into the namespaces (and the v2 cgroup)
 *   C  joins the v1 cgroups; unshares the cgroup namespace; lo up
 *   K  writes the id maps; idmaps the layers; creates the links; says go
 *   C  makes the `early` mounts detached; builds the root; pivot_root; drops the
 *      old root; the other mounts (so that a symlink planted in the root can only lead inside it)
 *   C  console pty, hostname, sysctls, rlimits, capabilities, seccomp, exec of init
 */
export interface LaunchPlan {
  /** Names the keeper's socket, `<runDir>/<id>.sock`, and its end record, `<runDir>/<id>.end`. A uuid. */
  id: string;
  /** Shown in the process list. */
  name: string;
  runDir: string;
  /** The user namespace is left out only for privileged instances. */
  namespaces: readonly Namespace[];
  idMap: { uid: readonly IdRange[]; gid: readonly IdRange[] };
  cgroups: CgroupPlan;
  /** Host trees and files taken hold of before the clone; the root and the mounts refer to them by position, each to its own. */
  layers: readonly Layer[];
  links: readonly LinkPlan[];
  root: RootPlan;
  mounts: readonly MountStep[];
  hostname: string;
  /** RLIMIT_ name in lower case without the prefix ('nofile'), null: unlimited. */
  rlimits: readonly { resource: string; soft: number | null; hard: number | null }[];
  /** Dotted names under /proc/sys, written by the child as root of its namespaces. */
  sysctls: readonly { key: string; value: string }[];
  /** Capability numbers taken out of the bounding set. */
  dropCapabilities: readonly number[];
  /** An array of struct sock_filter, or null. */
  seccomp: Uint8Array | null;
  init: { argv: readonly string[]; env: readonly string[]; cwd: string; uid: number; gid: number };
  console: { ringBytes: number; columns: number; rows: number /** The ring is saved here when the instance ends. */; logPath: string };
}

/**
 * What a room is made of in which the files of an instance that does not run are served: its root, in namespaces of its own, with its
 * ids. Nothing else is mounted, and nothing of the instance runs. `namespaces` has `user` and `mount` in it.
 */
export type RoomPlan = Pick<
  LaunchPlan,
  'id' | 'name' | 'runDir' | 'namespaces' | 'idMap' | 'layers' | 'root' | 'dropCapabilities' | 'seccomp'
>;

export type Namespace = 'user' | 'mount' | 'pid' | 'net' | 'ipc' | 'uts' | 'cgroup' | 'time';

export interface IdRange {
  inside: number;
  outside: number;
  count: number;
}

export interface CgroupPlan {
  /** Made in this order; a directory that exists is fine. `delegate`: chowned to the container's root (cgroups(7), delegation). */
  create: readonly { path: string; delegate: boolean }[];
  write: readonly { path: string; value: string }[];
  /** The v2 directory the child is cloned into (CLONE_INTO_CGROUP); null on a host without cgroup2. */
  cloneInto: string | null;
  /**
   * v1 directories the child, and every exec, is moved into. The keeper opens `<dir>/tasks` for writing before it forks
   * and the (single-threaded) child writes `0` there before its exec: the kernel takes no global lock for a thread that
   * moves itself, while a write to cgroup.procs waits for an RCU grace period, 4 to 12 ms measured. Permission is that of
   * the opener (cgroups(7)), so the child may be without privileges by then.
   */
  join: readonly string[];
  /** Removed with everything below them after the end, deepest first. */
  remove: readonly string[];
}

export interface Layer {
  path: string;
  /** Show ids through the instance's map. */
  idmapped: boolean;
  readonly: boolean;
  /** A missing path is no failure; mounts that use the layer are skipped. */
  optional: boolean;
  /** With what is mounted below it. */
  recursive?: boolean;
  /** No symbolic link in the path is followed: one that has a link in it fails with ELOOP. */
  plain?: boolean;
  /** A node that the keeper makes in place of the path's own file; `path` then says only what it is in errors. */
  node?: DeviceNode | null;
}

/** Ids and mode are those that the guest sees. */
export interface DeviceNode {
  kind: 'char' | 'block';
  major: number;
  minor: number;
  mode: number;
  uid: number;
  gid: number;
}

/** A mount of a layer of its own: a device's part of the plan, or what comes to a running instance. */
export interface DeviceMount {
  layer: Layer;
  /** Resolved inside the instance; what it is mounted on is made where it is missing. */
  target: string;
  create: 'file' | 'directory';
  flags: readonly MountFlag[];
}

export type RootPlan =
  /** lower: layers, uppermost first. upper: a layer that holds the directories `upper` and `work`. */
  { kind: 'overlay'; lower: readonly number[]; upper: number } | { kind: 'bind'; layer: number };

export type MountStep =
  /** `early`: made while the host's /proc and /sys are still visible, which the kernel demands for new ones in a user namespace. */
  | { op: 'fs'; fstype: string; source: string; target: string; flags: readonly MountFlag[]; data: string; early: boolean }
  /**
   * `create`: make the mount point first. The guest's root cannot take the layer's `readonly` or the flags off again; that
   * costs a mount namespace of the keeper's, so set none where there is nothing to protect.
   */
  | { op: 'layer'; layer: number; target: string; create: 'file' | 'directory' | null; flags: readonly MountFlag[] }
  | { op: 'mkdir'; target: string; mode: number }
  | { op: 'symlink'; target: string; to: string }
  /**
   * A file that is there with this content; parents are made. One that was there keeps its owner and mode. `once`: not again
   * when the guest reboots. Before all mounts, so that the path leads nowhere but into the root.
   */
  | { op: 'file'; target: string; content: Uint8Array; mode: number; createOnly: boolean; once: boolean }
  /** A pty of the instance's own devpts, bound over `target` (/dev/console). Every plan has one, after devpts. */
  | { op: 'console'; target: string };

/** `slave`: of a layer, that mounts which are made below its path on the host later show inside too, and none of the guest's there. */
export type MountFlag = 'readonly' | 'nosuid' | 'nodev' | 'noexec' | 'relatime' | 'strictatime' | 'slave';
