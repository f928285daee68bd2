import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupName, HostCgroups } from './cgroups.ts';

const MiB = 1024 * 1024;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lxctl-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const get = (path: string) => readFileSync(join(root, path), 'utf8');

function host(mounts: string[]): HostCgroups {
  put('mountinfo', mounts.map((mount, number) => `${number} 0 0:${number} / ${root}/cg${mount}`).join('\n'));
  return new HostCgroups({ root: join(root, 'cg'), mountinfo: join(root, 'mountinfo'), name: 'lxctl-0', timeoutMs: 2000 });
}

async function hybrid(): Promise<HostCgroups> {
  const v1 = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids', 'freezer', 'blkio'];
  put('cg/blkio/lxctl-0/blkio.bfq.weight', '100\n');
  for (const name of v1) mkdirSync(join(root, 'cg', name), { recursive: true });
  put('cg/unified/cgroup.controllers', 'hugetlb\n');
  put('cg/unified/cgroup.subtree_control', 'hugetlb\n');
  put('cg/unified/lxctl-0/cgroup.subtree_control', 'hugetlb\n');
  put('cg/unified/lxctl-0/cgroup.controllers', 'hugetlb\n');
  for (const file of ['hugetlb.2MB.max', 'hugetlb.2MB.rsvd.max']) put(`cg/unified/lxctl-0/${file}`, 'max\n');
  put('cg/cpuset/cpuset.cpus', '0-1\n');
  put('cg/cpuset/cpuset.mems', '0\n');
  put('cg/memory/memory.memsw.limit_in_bytes', '9223372036854771712\n');
  const cgroups = host([...v1.map((name) => `/${name} rw - cgroup cgroup rw,${name}`), '/unified rw - cgroup2 cgroup2 rw']);
  await cgroups.prepare();
  return cgroups;
}

/** A plain directory does not answer a write of "+memory" as the kernel does, so the controllers are on already. */
async function pureV2(controllers = 'cpuset cpu io memory pids'): Promise<HostCgroups> {
  for (const level of ['cg', 'cg/lxctl-0']) {
    put(`${level}/cgroup.controllers`, `${controllers}\n`);
    put(`${level}/cgroup.subtree_control`, `${controllers}\n`);
  }
  put('cg/lxctl-0/memory.swap.max', 'max\n');
  const cgroups = host([' rw - cgroup2 cgroup2 rw']);
  await cgroups.prepare();
  return cgroups;
}

describe('HostCgroups on a hybrid host', () => {
  it('serves limits by v1 and freezing by v2', async () => {
    const cgroups = await hybrid();
    expect(cgroups.backends).toEqual({ cpu: 'v1', cpuset: 'v1', hugetlb: 'v2', io: 'v1', memory: 'v1', pids: 'v1', freezer: 'v2' });
    expect(get('cg/cpuset/lxctl-0/cpuset.cpus')).toBe('0-1');
    expect(get('cg/cpuset/lxctl-0/cpuset.mems')).toBe('0');
    expect(get('cg/cpuset/lxctl-0/cgroup.clone_children')).toBe('1');
    expect(existsSync(join(root, 'cg/freezer/lxctl-0'))).toBe(false);
  });

  it('plans directories, writes and joins', async () => {
    const cgroups = await hybrid();
    const plan = cgroups.plan('id', {
      memory: { bytes: 64 * MiB, enforce: 'hard' },
      swap: false,
      processes: 100,
      cpuset: '1',
      cpuQuota: { quota: 25_000, period: 50_000 },
      cpuPriority: 5,
      diskPriority: 10,
      hugepages: { '2MB': 4 * MiB },
    });
    const at = (path: string) => join(root, 'cg', path);
    const v1 = ['cpu', 'cpuset', 'blkio', 'memory', 'pids'].map((name) => at(`${name}/lxctl-0/id`));
    expect(plan.create).toEqual([{ path: at('unified/lxctl-0/id'), delegate: true }, ...v1.map((path) => ({ path, delegate: false }))]);
    expect(plan.cloneInto).toBe(at('unified/lxctl-0/id'));
    expect(plan.join).toEqual(v1);
    expect(plan.remove).toEqual([at('unified/lxctl-0/id'), ...v1]);
    expect(plan.write.map(({ path, value }) => `${path.slice(root.length + 4)} ${value}`)).toEqual([
      'memory/lxctl-0/id/memory.limit_in_bytes 67108864',
      'memory/lxctl-0/id/memory.soft_limit_in_bytes -1',
      'memory/lxctl-0/id/memory.swappiness 0',
      'memory/lxctl-0/id/memory.memsw.limit_in_bytes 67108864',
      'pids/lxctl-0/id/pids.max 100',
      'cpuset/lxctl-0/id/cpuset.cpus 1',
      'cpu/lxctl-0/id/cpu.cfs_period_us 50000',
      'cpu/lxctl-0/id/cpu.cfs_quota_us 25000',
      'cpu/lxctl-0/id/cpu.shares 1019',
      'blkio/lxctl-0/id/blkio.bfq.weight 200',
      'unified/lxctl-0/id/hugetlb.2MB.rsvd.max 4194304',
      'unified/lxctl-0/id/hugetlb.2MB.max 4194304',
    ]);
    expect(cgroups.plan('id', {}).write).toEqual([]);
  });

  it('refuses a swap limit without a memory limit', async () => {
    const cgroups = await hybrid();
    expect(() => cgroups.plan('id', { swap: MiB })).toThrow('needs a hard limits.memory');
  });

  it('refuses huge pages of a size that the host has not', async () => {
    const cgroups = await hybrid();
    expect(cgroups.problems({ hugepages: { '64KB': MiB }, diskPriority: 0 })).toEqual([
      'Cannot enforce limits.hugepages.64KB: the host has no pages of this size',
    ]);
  });

  it('says how late memory is swapped out', async () => {
    const cgroups = await hybrid();
    const swappiness = (swapPriority: number) =>
      cgroups.plan('id', { swapPriority }).write.find(({ path }) => path.endsWith('memory.swappiness'))?.value;
    expect([swappiness(10), swappiness(0)]).toEqual(['60', '70']);
  });

  it('passes over what an older server has not made for an instance, unless it is asked for', async () => {
    const cgroups = await hybrid();
    for (const name of ['cpu', 'cpuset', 'memory', 'pids', 'unified']) mkdirSync(join(root, 'cg', name, 'lxctl-0/id'));
    await cgroups.apply('id', { processes: 5 });
    expect(get('cg/pids/lxctl-0/id/pids.max')).toBe('5');
    await expect(cgroups.apply('id', { diskPriority: 5 })).rejects.toThrow('ENOENT');
  });

  it('changes and lifts limits of a running instance', async () => {
    const cgroups = await hybrid();
    for (const name of ['cpu', 'cpuset', 'memory', 'pids', 'unified', 'blkio']) mkdirSync(join(root, 'cg', name, 'lxctl-0/id'));
    put('cg/memory/lxctl-0/id/memory.memsw.limit_in_bytes', `${64 * MiB}\n`);
    await cgroups.apply('id', { memory: { bytes: 128 * MiB, enforce: 'hard' }, swap: MiB, cpuset: '0' });
    expect(get('cg/memory/lxctl-0/id/memory.limit_in_bytes')).toBe(String(128 * MiB));
    expect(get('cg/memory/lxctl-0/id/memory.memsw.limit_in_bytes')).toBe(String(129 * MiB));
    await cgroups.apply('id', {});
    expect(get('cg/memory/lxctl-0/id/memory.limit_in_bytes')).toBe('-1');
    expect(get('cg/cpuset/lxctl-0/id/cpuset.cpus')).toBe('0-1');
    expect(get('cg/pids/lxctl-0/id/pids.max')).toBe('max');
    expect(get('cg/cpu/lxctl-0/id/cpu.cfs_quota_us')).toBe('-1');
    expect(get('cg/cpu/lxctl-0/id/cpu.shares')).toBe('1024');
    expect(get('cg/blkio/lxctl-0/id/blkio.bfq.weight')).toBe('100');
  });

  it('reports usage, null for what is missing', async () => {
    const cgroups = await hybrid();
    put('cg/unified/lxctl-0/id/cpu.stat', 'usage_usec 1500\nuser_usec 1000\n');
    put('cg/memory/lxctl-0/id/memory.usage_in_bytes', '4096\n');
    put('cg/memory/lxctl-0/id/memory.limit_in_bytes', '9223372036854771712\n');
    put('cg/memory/lxctl-0/id/memory.memsw.usage_in_bytes', '5120\n');
    put('cg/pids/lxctl-0/id/pids.current', '7\n');
    expect(await cgroups.usage('id')).toEqual({
      cpu: 1_500_000,
      memory: 4096,
      memoryPeak: null,
      memoryLimit: null,
      swap: 1024,
      swapPeak: null,
      processes: 7,
    });
    expect((await cgroups.usage('gone')).memory).toBeNull();
  });

  it('lists ids of every hierarchy', async () => {
    const cgroups = await hybrid();
    for (const path of ['memory/lxctl-0/b', 'unified/lxctl-0/a', 'pids/lxctl-0/b']) mkdirSync(join(root, 'cg', path));
    expect(await cgroups.list()).toEqual(['a', 'b']);
  });
});

describe('limits of disks', () => {
  const limit = { disk: '8:0', readBytes: 1000, writeOperations: 50 };

  it('are a line a disk of blkio, or of io.max', async () => {
    const plan = (await hybrid()).plan('id', { io: [limit] });
    expect(plan.write.map(({ path, value }) => [path.slice(root.length + 4), value])).toEqual([
      ['blkio/lxctl-0/id/blkio.throttle.read_bps_device', '8:0 1000'],
      ['blkio/lxctl-0/id/blkio.throttle.read_iops_device', '8:0 0'],
      ['blkio/lxctl-0/id/blkio.throttle.write_bps_device', '8:0 0'],
      ['blkio/lxctl-0/id/blkio.throttle.write_iops_device', '8:0 50'],
    ]);
  });

  it('are lifted from the disks that have them and shall not', async () => {
    const cgroups = await pureV2();
    put('cg/lxctl-0/id/io.max', '8:0 rbps=1000 wbps=max riops=max wiops=max\n');
    for (const file of ['cpu.max', 'cpu.weight', 'cpuset.cpus', 'memory.max', 'memory.high', 'memory.swap.max', 'pids.max'])
      put(`cg/lxctl-0/id/${file}`, '');
    await cgroups.apply('id', {});
    expect(get('cg/lxctl-0/id/io.max')).toBe('8:0 rbps=max riops=max wbps=max wiops=max');
    await cgroups.apply('id', { io: [limit] });
    expect(get('cg/lxctl-0/id/io.max')).toBe('8:0 rbps=1000 riops=max wbps=max wiops=50');
  });

  it('are refused where the kernel has no control over disks', async () => {
    const cgroups = await pureV2('cpu');
    expect(() => cgroups.plan('id', { io: [limit] })).toThrow(/limits\.read or limits\.write or limits\.max.*no "io" control group/);
  });
});

describe('HostCgroups on a v2 host', () => {
  it('writes the v2 files', async () => {
    const cgroups = await pureV2();
    expect(cgroups.backends).toEqual({ cpu: 'v2', cpuset: 'v2', hugetlb: 'none', io: 'v2', memory: 'v2', pids: 'v2', freezer: 'v2' });
    expect(cgroups.problems({ swapPriority: 3, diskPriority: 3, hugepages: { '1GB': 0 } })).toEqual([
      'Cannot enforce limits.disk.priority: no scheduler of the kernel weighs disks',
      'Cannot enforce limits.hugepages.1GB: the host has no "hugetlb" control group controller',
      'Cannot enforce limits.memory.swap.priority: version 2 of control groups knows no order of swapping',
    ]);
    const plan = cgroups.plan('id', {
      memory: { bytes: MiB, enforce: 'soft' },
      swap: false,
      cpuQuota: { quota: 5000, period: 10_000 },
      cpuShare: 50,
    });
    expect(plan.join).toEqual([]);
    expect(plan.create).toEqual([{ path: join(root, 'cg/lxctl-0/id'), delegate: true }]);
    expect(plan.write.map(({ path, value }) => `${path.split('/').pop()} ${value}`)).toEqual([
      'memory.max max',
      `memory.high ${MiB}`,
      'memory.swap.max 0',
      'cpu.max 5000 10000',
      'cpu.weight 50',
    ]);
  });

  it('refuses what no controller can enforce, all at once', async () => {
    const cgroups = await pureV2('cpu');
    const ask = () => cgroups.plan('id', { memory: { bytes: MiB, enforce: 'hard' }, processes: 5 });
    expect(ask).toThrow(/limits\.memory.*limits\.processes/);
  });

  it('enables the controllers that are off, from the top down', async () => {
    put('cg/cgroup.controllers', 'memory rdma\n');
    put('cg/cgroup.subtree_control', '');
    await host([' rw - cgroup2 cgroup2 rw']).prepare();
    expect(get('cg/cgroup.subtree_control')).toBe('+memory');
    expect(get('cg/lxctl-0/cgroup.subtree_control')).toBe('+memory');
  });

  it('freeze waits for the word of the kernel', async () => {
    const cgroups = await pureV2();
    put('cg/lxctl-0/id/cgroup.events', 'populated 1\nfrozen 0\n');
    expect(await cgroups.frozen('id')).toBe(false);
    const freezing = cgroups.freeze('id');
    setImmediate(() => put('cg/lxctl-0/id/cgroup.events', 'populated 1\nfrozen 1\n'));
    await freezing;
    expect(get('cg/lxctl-0/id/cgroup.freeze')).toBe('1');
    expect(await cgroups.frozen('id')).toBe(true);
  });
});

it('cgroupName tells state directories apart', () => {
  expect(cgroupName('/var/lib/lxctl')).toMatch(/^lxctl-[0-9a-f]{8}$/);
  expect(cgroupName('/var/lib/lxctl')).not.toBe(cgroupName('/tmp/x'));
});
