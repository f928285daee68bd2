import type { Layer, MountFlag, MountStep } from '#lib/host';

/** Host device nodes bound into every instance's /dev; the optional ones only where the host has them. */
const devices: readonly { name: string; optional: boolean }[] = [
  { name: 'null', optional: false },
  { name: 'zero', optional: false },
  { name: 'full', optional: false },
  { name: 'random', optional: false },
  { name: 'urandom', optional: false },
  { name: 'tty', optional: false },
  { name: 'fuse', optional: true },
  { name: 'net/tun', optional: true },
];

/** What lxcfs answers for the instance's own limits (lxcfs(1)); the same paths below its mount point and inside. */
const lxcfsPaths = [
  ...['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'stat', 'swaps', 'uptime'].map((name) => `/proc/${name}`),
  '/sys/devices/system/cpu',
];

const links: readonly [target: string, to: string][] = [
  ['/dev/ptmx', 'pts/ptmx'],
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/core', '/proc/kcore'],
];

function fs(fstype: string, target: string, flags: MountFlag[], data = '', early = false): MountStep {
  return { op: 'fs', fstype, source: fstype, target, flags, data, early };
}

/**
 * The kernel lets a user namespace mount a /proc or /sys of its own only where one is in sight with nothing mounted over
 * it (mount_namespaces(7)), and lxcfs's files lie over those of the instance. What they show
 * beside is the memory and the CPUs of the host, to the instance's root alone: nobody else gets here.
 */
const unmasked: readonly MountStep[] = [
  { op: 'mkdir', target: '/dev/.lxc', mode: 0o700 },
  { op: 'mkdir', target: '/dev/.lxc/proc', mode: 0o700 },
  { op: 'mkdir', target: '/dev/.lxc/sys', mode: 0o700 },
  fs('proc', '/dev/.lxc/proc', ['nosuid', 'nodev', 'noexec']),
  fs('sysfs', '/dev/.lxc/sys', ['nosuid', 'nodev', 'noexec']),
];

/**
 * Everything mounted over an instance's root: the kernel's file systems, a private /dev, and lxcfs's files where the
 * host runs it. `layers` grows by the host files it needs.
 *
 * /dev is a tmpfs because mknod(2) of devices is refused in a user namespace: host nodes are bound instead. sysfs needs
 * a network namespace owned by the same user namespace; its owner checks keep the guest from the host's knobs.
 */
export function systemMounts(layers: Layer[], options: { lxcfs: string | null; cgroup2: boolean; nesting: boolean }): MountStep[] {
  const steps: MountStep[] = [
    fs('proc', '/proc', ['nosuid', 'nodev', 'noexec'], '', true),
    fs('sysfs', '/sys', ['nosuid', 'nodev', 'noexec'], '', true),
    fs('tmpfs', '/dev', ['nosuid', 'strictatime'], 'mode=755,size=4m'),
    { op: 'mkdir', target: '/dev/pts', mode: 0o755 },
    { op: 'mkdir', target: '/dev/shm', mode: 0o1777 },
    { op: 'mkdir', target: '/dev/mqueue', mode: 0o755 },
    fs('devpts', '/dev/pts', ['nosuid', 'noexec'], 'newinstance,ptmxmode=0666,mode=0620,gid=5'),
    fs('tmpfs', '/dev/shm', ['nosuid', 'nodev'], 'mode=1777'),
    fs('mqueue', '/dev/mqueue', ['nosuid', 'nodev', 'noexec']),
    { op: 'mkdir', target: '/dev/net', mode: 0o755 },
  ];
  if (options.nesting) steps.push(...unmasked);
  if (options.cgroup2) steps.push(fs('cgroup2', '/sys/fs/cgroup', ['nosuid', 'nodev', 'noexec']));
  for (const device of devices) {
    steps.push({
      op: 'layer',
      layer: take(layers, `/dev/${device.name}`, device.optional),
      target: `/dev/${device.name}`,
      create: 'file',
      flags: [],
    });
  }
  for (const [target, to] of links) steps.push({ op: 'symlink', target, to });
  steps.push({ op: 'console', target: '/dev/console' });
  if (options.lxcfs) {
    for (const path of lxcfsPaths) {
      steps.push({
        op: 'layer',
        layer: take(layers, `${options.lxcfs}${path}`, true),
        target: path,
        create: null,
        flags: [],
      });
    }
  }
  return steps;
}

function take(layers: Layer[], path: string, optional: boolean): number {
  return layers.push({ path, idmapped: false, readonly: false, optional }) - 1;
}
