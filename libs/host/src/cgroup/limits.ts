import { basename } from 'node:path';
import type { CgroupLimits } from '../ports.ts';
import { ioKeys, ioV1, ioV2 } from './io.ts';

/** Controllers that limits need; each is served by one hierarchy version, or by none. */
export type Controller = 'cpu' | 'cpuset' | 'hugetlb' | 'io' | 'memory' | 'pids';
export type Backends = Readonly<Record<Controller, 'v1' | 'v2' | 'none'>>;

export interface HostLimits {
  backends: Backends;
  /** memory.memsw.* (v1) or memory.swap.* (v2) exist: the kernel accounts swap. */
  swapAccounting: boolean;
  /** The CPUs and memory nodes an instance without a cpuset runs on. */
  allCpus: string;
  /** v1: how eagerly an instance swaps when it was not told to leave that. */
  swappiness: string;
  /** Files of a group that exist: those that hold its weight for disks, and those that limit huge pages. */
  files: readonly string[];
}

/** What weighs groups against each other: the file, and the weight of a group that nobody has given one. */
const ioWeights: Readonly<Record<string, number>> = {
  'blkio.weight': 500,
  'blkio.bfq.weight': 100,
  'io.weight': 100,
  'io.bfq.weight': 100,
};

/** Sizes of huge pages that LXD has keys for. */
export const hugepageSizes = ['64KB', '1MB', '2MB', '1GB'] as const;

/** Both count: what is promised to a mapping (`rsvd`), and what is used without a promise. */
function hugepageFiles(size: string): { v1: string[]; v2: string[] } {
  return {
    v1: [`hugetlb.${size}.rsvd.limit_in_bytes`, `hugetlb.${size}.limit_in_bytes`],
    v2: [`hugetlb.${size}.rsvd.max`, `hugetlb.${size}.max`],
  };
}

/** Files that a group may have or not, which `HostLimits.files` tells. */
export const optionalFiles: Readonly<Partial<Record<Controller, readonly string[]>>> = {
  io: Object.keys(ioWeights),
  hugetlb: hugepageSizes.flatMap((size) => Object.values(hugepageFiles(size)).flat()),
};

export interface Setting {
  controller: Controller;
  file: string;
  value: string;
  /** Whether it limits something, or lifts a limit. */
  asked: boolean;
}

/**
 * One row a limit: which controller serves it, its files under v1 and v2, and the writes that lift it again. The writes
 * of an unlimited row go only to running instances: a new directory is unlimited from birth.
 */
interface LimitRow {
  controller: Controller;
  /** As the user knows it, for refusals. */
  keys: readonly string[];
  asked: (limits: CgroupLimits) => boolean;
  v1: (limits: CgroupLimits, host: HostLimits) => [file: string, value: string][];
  v2: (limits: CgroupLimits, host: HostLimits) => [file: string, value: string][];
}

const rows: readonly LimitRow[] = [
  {
    controller: 'memory',
    keys: ['limits.memory', 'limits.memory.enforce', 'limits.memory.swap', 'limits.memory.swap.priority'],
    asked: ({ memory, swap, swapPriority }) =>
      memory !== undefined || swap === false || typeof swap === 'number' || swapPriority !== undefined,
    v1: memoryV1,
    v2: memoryV2,
  },
  {
    controller: 'pids',
    keys: ['limits.processes'],
    asked: ({ processes }) => processes !== undefined,
    v1: ({ processes }) => [['pids.max', text(processes, 'max')]],
    v2: ({ processes }) => [['pids.max', text(processes, 'max')]],
  },
  {
    controller: 'cpuset',
    keys: ['limits.cpu'],
    asked: ({ cpuset }) => cpuset !== undefined,
    v1: ({ cpuset }, { allCpus }) => [['cpuset.cpus', cpuset ?? allCpus]],
    // Empty: those of the parent.
    v2: ({ cpuset }) => [['cpuset.cpus', cpuset ?? '\n']],
  },
  {
    controller: 'cpu',
    keys: ['limits.cpu.allowance'],
    asked: ({ cpuQuota }) => cpuQuota !== undefined,
    v1: ({ cpuQuota }) => [
      ['cpu.cfs_period_us', text(cpuQuota?.period, '100000')],
      ['cpu.cfs_quota_us', text(cpuQuota?.quota, '-1')],
    ],
    v2: ({ cpuQuota }) => [['cpu.max', cpuQuota ? `${cpuQuota.quota} ${cpuQuota.period}` : 'max 100000']],
  },
  {
    controller: 'cpu',
    keys: ['limits.cpu.allowance', 'limits.cpu.priority'],
    asked: ({ cpuShare, cpuPriority }) => cpuShare !== undefined || cpuPriority !== undefined,
    v1: (limits) => [['cpu.shares', String(Math.max(2, weight(limits, 1024)))]],
    v2: (limits) => [['cpu.weight', String(Math.max(1, weight(limits, 100)))]],
  },
  {
    controller: 'io',
    keys: ['limits.disk.priority'],
    asked: ({ diskPriority }) => diskPriority !== undefined,
    v1: diskWeights,
    v2: diskWeights,
  },
  {
    controller: 'io',
    keys: ioKeys,
    asked: ({ io = [] }) => io.length > 0,
    v1: ({ io = [] }) => io.flatMap(ioV1),
    v2: ({ io = [] }) => io.flatMap(ioV2),
  },
  ...hugepageSizes.map((size): LimitRow => {
    const writes = (files: readonly string[], absent: string) => (limits: CgroupLimits, host: HostLimits) =>
      files.filter((file) => host.files.includes(file)).map((file): [string, string] => [file, text(limits.hugepages?.[size], absent)]);
    return {
      controller: 'hugetlb',
      keys: [`limits.hugepages.${size}`],
      asked: ({ hugepages }) => hugepages?.[size] !== undefined,
      v1: writes(hugepageFiles(size).v1, '-1'),
      v2: writes(hugepageFiles(size).v2, 'max'),
    };
  }),
];

/** `birth`: for new directories, only what is limited. `change`: for running ones, also what is lifted. */
export function settingsOf(limits: CgroupLimits, host: HostLimits, purpose: 'birth' | 'change'): Setting[] {
  return rows.flatMap((row) => {
    const backend = host.backends[row.controller];
    if (backend === 'none' || (purpose === 'birth' && !row.asked(limits))) return [];
    const asked = row.asked(limits);
    return row[backend](limits, host).map(([file, value]) => ({ controller: row.controller, file, value, asked }));
  });
}

/** The keys that a control file serves, by its path; none for other files. */
export function limitKeysOf(path: string): readonly string[] {
  const file = basename(path);
  const all: HostLimits = {
    backends: { cpu: 'v1', cpuset: 'v1', hugetlb: 'v1', io: 'v1', memory: 'v1', pids: 'v1' },
    swapAccounting: true,
    allCpus: '',
    swappiness: '',
    files: Object.values(optionalFiles).flat(),
  };
  const writes = (row: LimitRow) => [...row.v1({}, all), ...row.v2({}, all)];
  return rows.find((row) => writes(row).some(([name]) => name === file))?.keys ?? [];
}

/** Limits that this host cannot enforce, a sentence each. */
export function unenforceable(limits: CgroupLimits, host: HostLimits): string[] {
  const problems = rows.filter((row) => row.asked(limits)).flatMap((row) => rowProblems(row, limits, host));
  const swapBytes = typeof limits.swap === 'number';
  if (host.backends.memory === 'v1' && swapBytes && limits.memory?.enforce !== 'hard') {
    problems.push('Cannot enforce limits.memory.swap: on this host (cgroup v1) a swap limit needs a hard limits.memory');
  }
  // v1 can at least be told not to swap (memory.swappiness); an amount needs the accounting.
  const needsAccounting = host.backends.memory === 'v2' ? swapBytes || limits.swap === false : swapBytes;
  if (host.backends.memory !== 'none' && needsAccounting && !host.swapAccounting) {
    problems.push('Cannot enforce limits.memory.swap: the kernel does not account swap (swapaccount=1)');
  }
  if (host.backends.memory === 'v2' && limits.swapPriority !== undefined) {
    problems.push('Cannot enforce limits.memory.swap.priority: version 2 of control groups knows no order of swapping');
  }
  return problems;
}

function rowProblems(row: LimitRow, limits: CgroupLimits, host: HostLimits): string[] {
  const backend = host.backends[row.controller];
  const cannot = `Cannot enforce ${row.keys.join(' or ')}`;
  if (backend === 'none') return [`${cannot}: the host has no "${row.controller}" control group controller`];
  if (row[backend](limits, host).length > 0) return [];
  return [`${cannot}: ${row.controller === 'io' ? 'no scheduler of the kernel weighs disks' : 'the host has no pages of this size'}`];
}

/** LXD's steps, with what an instance without a priority has in the middle. */
function diskWeights({ diskPriority }: CgroupLimits, { files }: HostLimits): [string, string][] {
  return Object.entries(ioWeights)
    .filter(([file]) => files.includes(file))
    .map(([file, usual]) => [file, String(Math.max(10, (usual * (diskPriority ?? 5)) / 5))]);
}

/** Swap is counted together with memory (memsw), and never below it: the order of writes matters on a change. */
function memoryV1({ memory, swap, swapPriority }: CgroupLimits, host: HostLimits): [string, string][] {
  const hard = memory?.enforce === 'hard' ? memory.bytes : null;
  const soft = memory?.enforce === 'soft' ? memory.bytes : null;
  const writes: [string, string][] = [
    ['memory.limit_in_bytes', text(hard, '-1')],
    ['memory.soft_limit_in_bytes', text(soft, '-1')],
    ['memory.swappiness', swap === false ? '0' : swapPriority === undefined ? host.swappiness : String(70 - swapPriority)],
  ];
  if (!host.swapAccounting) return writes;
  const total = hard !== null && swap !== undefined && swap !== true ? hard + (swap || 0) : null;
  return [...writes, ['memory.memsw.limit_in_bytes', text(total, '-1')]];
}

function memoryV2({ memory, swap }: CgroupLimits, host: HostLimits): [string, string][] {
  const writes: [string, string][] = [
    ['memory.max', text(memory?.enforce === 'hard' ? memory.bytes : null, 'max')],
    ['memory.high', text(memory?.enforce === 'soft' ? memory.bytes : null, 'max')],
  ];
  if (!host.swapAccounting) return writes;
  return [...writes, ['memory.swap.max', swap === false ? '0' : typeof swap === 'number' ? String(swap) : 'max']];
}

/** LXD's reckoning: the allowance's share of the full weight, less one for each step of priority under 10. */
function weight({ cpuShare, cpuPriority }: CgroupLimits, full: number): number {
  return Math.round((full * (cpuShare ?? 100)) / 100) - (10 - (cpuPriority ?? 10));
}

function text(value: number | null | undefined, absent: string): string {
  return value === null || value === undefined ? absent : String(value);
}
