import type { StringMap } from '#lib/base';
import { keyOf, type LiveInstanceKey } from '#lib/contract';
import { type CgroupLimits, hugepageSizes } from '#lib/host';

export interface LimitFacts {
  /** Bytes. */
  totalMemory: number;
  /** The CPUs that a count stands for. */
  choose: (count: number) => readonly number[];
}

type Applier = (config: StringMap, facts: LimitFacts) => CgroupLimits;

/** What each live key asks of the control groups while it is set. Keys that are read when they are used are not here. */
const appliers: Readonly<Record<LiveInstanceKey, Applier>> = {
  'limits.cpu': (config, { choose }) => {
    const wanted = keyOf(config, 'limits.cpu') ?? [];
    return { cpuset: cpuList(typeof wanted === 'number' ? choose(wanted) : wanted) };
  },
  'limits.cpu.allowance': (config) => {
    const wanted = keyOf(config, 'limits.cpu.allowance');
    return 'percent' in wanted ? { cpuShare: wanted.percent } : { cpuQuota: wanted };
  },
  'limits.cpu.priority': (config) => ({ cpuPriority: keyOf(config, 'limits.cpu.priority') }),
  'limits.memory': memory,
  'limits.memory.enforce': memory,
  'limits.memory.swap': (config) => {
    const swap = keyOf(config, 'limits.memory.swap');
    return swap === true ? {} : { swap };
  },
  'limits.memory.swap.priority': (config) => ({ swapPriority: keyOf(config, 'limits.memory.swap.priority') }),
  'limits.disk.priority': (config) => ({ diskPriority: keyOf(config, 'limits.disk.priority') }),
  'limits.hugepages.64KB': hugepages,
  'limits.hugepages.1MB': hugepages,
  'limits.hugepages.2MB': hugepages,
  'limits.hugepages.1GB': hugepages,
  'limits.processes': (config) => {
    const processes = keyOf(config, 'limits.processes');
    return processes === undefined ? {} : { processes };
  },
};

function memory(config: StringMap, { totalMemory }: LimitFacts): CgroupLimits {
  const bytes = memoryBytes(config, totalMemory);
  return bytes === null ? {} : { memory: { bytes, enforce: keyOf(config, 'limits.memory.enforce') } };
}

function hugepages(config: StringMap): CgroupLimits {
  const sizes = hugepageSizes.flatMap((size) => {
    const bytes = keyOf(config, `limits.hugepages.${size}`);
    return bytes === undefined ? [] : [[size, bytes] as const];
  });
  return { hugepages: Object.fromEntries(sizes) };
}

/** Bytes of `limits.memory`; null where it is not set. */
export function memoryBytes(config: StringMap, totalMemory: number): number | null {
  const wanted = keyOf(config, 'limits.memory');
  if (wanted === undefined) return null;
  return typeof wanted === 'number' ? wanted : Math.floor((totalMemory * wanted.percent) / 100);
}

/** The control-group limits that an expanded config (already validated) asks for. */
export function cgroupLimits(config: StringMap, facts: LimitFacts): CgroupLimits {
  const limits: CgroupLimits = {};
  for (const [key, apply] of Object.entries(appliers)) if (config[key]) Object.assign(limits, apply(config, facts));
  return limits;
}

export function cpuList(cpus: readonly number[]): string {
  return cpus.join(',');
}
