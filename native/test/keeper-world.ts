import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { closeFd, LinuxKeepers, LinuxLinks, type Keeper, type LaunchPlan, type Layer, type MountStep, pipe } from '#lib/host';

const built = join(import.meta.dirname, '../build/Release/lxctl-keeper');
export const keeperPath = process.env.LXCTL_KEEPER ?? built;
const busybox = '/bin/busybox';
const unified = '/sys/fs/cgroup/unified';

/** Why these tests cannot run here, or null. */
export function missing(): string | null {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(busybox)) return 'needs /bin/busybox';
  if (!existsSync(keeperPath)) return 'lxctl-keeper is not built';
  return null;
}

const deviceNodes = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** A directory of its own with a busybox image, a nursery and cgroups; `dispose` takes all away. */
export class World {
  readonly root = mkdtempSync(join(tmpdir(), 'lxctl-keeper-'));
  readonly runDir = join(this.root, 'run');
  readonly image = join(this.root, 'image');
  private readonly group = `lxctl-test-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly v2 = join(unified, this.group);
  readonly v1 = ['pids', 'freezer'].map((name) => join('/sys/fs/cgroup', name, this.group)).filter((path) => existsSync(join(path, '..')));
  readonly keepers = new LinuxKeepers({ runDir: this.runDir, keeperPath });

  constructor() {
    chmodSync(this.root, 0o755);
    for (const name of ['bin', 'sbin', 'dev', 'proc', 'sys', 'etc', 'root', 'tmp']) mkdirSync(join(this.image, name), { recursive: true });
    cpSync(busybox, join(this.image, 'bin/busybox'));
    const applets = [
      'sh',
      'sleep',
      'cat',
      'echo',
      'ls',
      'id',
      'reboot',
      'poweroff',
      'hostname',
      'ip',
      'mount',
      'mkdir',
      'stty',
      'tty',
      'true',
      'readlink',
      'stat',
      'kill',
      'grep',
      'ps',
      'umount',
      'ping',
    ];
    for (const name of applets) symlinkSync('busybox', join(this.image, 'bin', name));
    symlinkSync('../bin/busybox', join(this.image, 'sbin/init'));
    writeFileSync(join(this.image, 'etc/inittab'), '::sysinit:/bin/echo the guest is up\n::once:/bin/sleep 1000000\n');
    for (const path of [this.v2, ...this.v1]) mkdirSync(path, { recursive: true });
  }

  /** An instance directory with an empty upper layer, and the plan for it. */
  plan(change: Partial<LaunchPlan> = {}): LaunchPlan {
    const id = change.id ?? randomUUID();
    const home = join(this.root, id);
    for (const name of ['upper', 'work']) mkdirSync(join(home, name), { recursive: true });
    const nodes: Layer[] = deviceNodes.map((name) => ({ path: `/dev/${name}`, idmapped: false, readonly: false, optional: false }));
    const range = [{ inside: 0, outside: 1000000, count: 65536 }];
    const group = join(this.v2, id);
    const v1 = this.v1.map((path) => join(path, id));
    return {
      id,
      name: 'c1',
      runDir: this.runDir,
      namespaces: ['user', 'mount', 'pid', 'net', 'ipc', 'uts', 'cgroup'],
      idMap: { uid: range, gid: range },
      cgroups: {
        create: [group, ...v1].map((path) => ({ path, delegate: true })),
        write: [],
        cloneInto: group,
        join: v1,
        remove: [group, ...v1],
      },
      layers: [
        { path: this.image, idmapped: true, readonly: false, optional: false },
        { path: home, idmapped: true, readonly: false, optional: false },
        ...nodes,
      ],
      links: [],
      root: { kind: 'overlay', lower: [0], upper: 1 },
      mounts: standardMounts(),
      hostname: 'guest',
      rlimits: [],
      sysctls: [],
      dropCapabilities: [],
      seccomp: null,
      init: { argv: ['/sbin/init'], env: ['container=lxc', 'PATH=/bin:/sbin'], cwd: '/', uid: 0, gid: 0 },
      console: { ringBytes: 65536, columns: 80, rows: 25, logPath: join(home, 'console.log') },
      ...change,
    };
  }

  /** Runs a command without a terminal; gives its exit code and what it said. */
  async run(
    keeper: Keeper,
    argv: readonly string[],
    change: { uid?: number; gid?: number; cwd?: string; env?: string[] } = {},
  ): Promise<{ code: number; output: string }> {
    const stdin = pipe();
    const stdout = pipe();
    try {
      const stdio = { terminal: false as const, stdin: stdin.read, stdout: stdout.write, stderr: stdout.write };
      const exec = await keeper.exec({ argv, env: ['PATH=/bin:/sbin'], cwd: '/', uid: 0, gid: 0, ...change, stdio });
      const code = await exec.exited;
      closeFd(stdout.write);
      stdout.write = -1;
      return { code, output: await readAll(stdout.read) };
    } finally {
      for (const fd of [stdin.read, stdin.write, stdout.read, stdout.write]) if (fd >= 0) closeFd(fd);
    }
  }

  /** What is still on the host of an instance: mounts, links, groups, run files. */
  async traces(plan: LaunchPlan): Promise<string[]> {
    const found: string[] = [];
    for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) if (line.includes(this.root)) found.push(`mount ${line}`);
    const links = (await new LinuxLinks().list()).map((link) => link.name);
    for (const link of plan.links) if (link.kind === 'veth' && links.includes(link.hostName)) found.push(`link ${link.hostName}`);
    for (const path of plan.cgroups.remove) if (existsSync(path)) found.push(`group ${path}`);
    for (const name of readdirSync(this.runDir)) if (name.startsWith(plan.id) && !name.endsWith('.end')) found.push(`file ${name}`);
    return found;
  }

  nurseryPid(): number {
    return Number(readFileSync(join(this.runDir, 'nursery.pid'), 'utf8'));
  }

  async dispose(): Promise<void> {
    for (const keeper of await this.keepers.survivors()) await keeper.kill();
    await this.keepers.retire();
    // A group stays busy until the kernel has taken the last dead process out of it.
    for (const path of [this.v2, ...this.v1]) await vi.waitFor(() => rmdirSync(path), { timeout: 30_000 });
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

export function standardMounts(): MountStep[] {
  const nodes: MountStep[] = deviceNodes.map((name, index) => ({
    op: 'layer',
    layer: index + 2,
    target: `/dev/${name}`,
    create: 'file',
    flags: [],
  }));
  return [
    { op: 'fs', fstype: 'proc', source: 'proc', target: '/proc', flags: ['nosuid', 'nodev', 'noexec'], data: '', early: true },
    { op: 'fs', fstype: 'sysfs', source: 'sysfs', target: '/sys', flags: ['nosuid', 'nodev', 'noexec'], data: '', early: true },
    {
      op: 'fs',
      fstype: 'cgroup2',
      source: 'cgroup2',
      target: '/sys/fs/cgroup',
      flags: ['nosuid', 'nodev', 'noexec'],
      data: '',
      early: false,
    },
    { op: 'fs', fstype: 'tmpfs', source: 'dev', target: '/dev', flags: ['nosuid'], data: 'mode=755,size=500k', early: false },
    {
      op: 'fs',
      fstype: 'devpts',
      source: 'devpts',
      target: '/dev/pts',
      flags: ['nosuid', 'noexec'],
      data: 'newinstance,ptmxmode=0666,mode=0620,gid=5',
      early: false,
    },
    { op: 'symlink', target: '/dev/ptmx', to: 'pts/ptmx' },
    { op: 'symlink', target: '/dev/fd', to: '/proc/self/fd' },
    { op: 'fs', fstype: 'tmpfs', source: 'shm', target: '/dev/shm', flags: ['nosuid', 'nodev'], data: 'mode=1777', early: false },
    { op: 'fs', fstype: 'mqueue', source: 'mqueue', target: '/dev/mqueue', flags: ['nosuid', 'nodev', 'noexec'], data: '', early: false },
    ...nodes,
    { op: 'console', target: '/dev/console' },
  ];
}

/** What waits in a pipe whose writers are gone. */
async function readAll(fd: number): Promise<string> {
  const { readSync } = await import('node:fs');
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(65536);
    const size = readSync(fd, chunk);
    if (size === 0) return Buffer.concat(chunks).toString();
    chunks.push(chunk.subarray(0, size));
  }
}
