import type { CgroupUsage } from '../ports.ts';

type Reading = string | null | undefined;

/** Where each number of `CgroupUsage` stands; a number may need several files. */
export interface UsageSource {
  files: Readonly<Record<string, string>>;
  reckon: (text: (name: string) => Reading) => Partial<CgroupUsage>;
}

export const cpuV1: UsageSource = {
  files: { usage: 'cpuacct.usage' },
  reckon: (text) => ({ cpu: count(text('usage')) }),
};

/** The basic cpu.stat is there in every v2 directory, also without the cpu controller. */
export const cpuV2: UsageSource = {
  files: { stat: 'cpu.stat' },
  reckon: (text) => {
    const micros = field(text('stat'), 'usage_usec');
    return { cpu: micros === null ? null : micros * 1000 };
  },
};

export const memoryV1: UsageSource = {
  files: {
    usage: 'memory.usage_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    limit: 'memory.limit_in_bytes',
    total: 'memory.memsw.usage_in_bytes',
    totalPeak: 'memory.memsw.max_usage_in_bytes',
  },
  reckon: (text) => {
    const memory = count(text('usage'));
    const memoryPeak = count(text('peak'));
    const limit = count(text('limit'));
    return {
      memory,
      memoryPeak,
      // "Unlimited" is the largest page-aligned 63-bit number.
      memoryLimit: limit === null || limit >= 2 ** 62 ? null : limit,
      swap: difference(count(text('total')), memory),
      swapPeak: difference(count(text('totalPeak')), memoryPeak),
    };
  },
};

export const memoryV2: UsageSource = {
  files: {
    usage: 'memory.current',
    peak: 'memory.peak',
    limit: 'memory.max',
    swap: 'memory.swap.current',
    swapPeak: 'memory.swap.peak',
  },
  reckon: (text) => ({
    memory: count(text('usage')),
    memoryPeak: count(text('peak')),
    memoryLimit: count(text('limit')),
    swap: count(text('swap')),
    swapPeak: count(text('swapPeak')),
  }),
};

export const processes: UsageSource = {
  files: { current: 'pids.current' },
  reckon: (text) => ({ processes: count(text('current')) }),
};

export const noUsage: CgroupUsage = {
  cpu: null,
  memory: null,
  memoryPeak: null,
  memoryLimit: null,
  swap: null,
  swapPeak: null,
  processes: null,
};

function count(text: Reading): number | null {
  const trimmed = text?.trim();
  return trimmed && /^\d+$/.test(trimmed) ? Number(trimmed) : null;
}

function field(text: Reading, name: string): number | null {
  const line = text?.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return count(line?.slice(name.length + 1));
}

function difference(total: number | null, part: number | null): number | null {
  return total === null || part === null ? null : Math.max(0, total - part);
}
