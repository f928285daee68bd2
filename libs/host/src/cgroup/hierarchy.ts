/** Where the host's control group hierarchies are mounted (cgroups(7)). */
export interface Hierarchies {
  /** The cgroup2 mount, null on a host without one. */
  unified: string | null;
  /** v1: controller to mount point. Controllers that are mounted together share one. */
  v1: ReadonlyMap<string, string>;
}

/**
 * From the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). Only mounts at or below `root` count. The list is in the
 * order of mounting, and a mount hides what was mounted before at or below its mount point.
 */
export function readHierarchies(mountinfo: string, root: string): Hierarchies {
  const visible = new Map<string, { fstype: string; options: string[] }>();
  for (const line of mountinfo.split('\n')) {
    const mount = parseMount(line);
    if (!mount || !isBelow(mount.point, root)) continue;
    for (const other of visible.keys()) if (isBelow(other, mount.point)) visible.delete(other);
    visible.set(mount.point, mount);
  }
  let unified: string | null = null;
  const v1 = new Map<string, string>();
  for (const [point, mount] of visible) {
    if (mount.fstype === 'cgroup2') unified ??= point;
    if (mount.fstype !== 'cgroup') continue;
    for (const option of mount.options) if (v1Controllers.has(option) && !v1.has(option)) v1.set(option, point);
  }
  return { unified, v1 };
}

const v1Controllers = new Set(['blkio', 'cpu', 'cpuacct', 'cpuset', 'devices', 'freezer', 'hugetlb', 'memory', 'pids']);

function parseMount(line: string): { point: string; fstype: string; options: string[] } | null {
  const [left, right] = line.split(' - ');
  const point = left?.split(' ')[4];
  const [fstype, , options] = right?.split(' ') ?? [];
  if (!point || !fstype) return null;
  // Blanks and backslashes in a mount point are written in octal.
  const plain = point.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
  return { point: plain, fstype, options: (options ?? '').split(',') };
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}
