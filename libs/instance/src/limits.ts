import type { StringMap } from '#lib/base';
import { parseShare } from '#lib/base';
import type { CgroupLimits } from '#lib/host';

export interface LimitFacts {
  totalMemory: number;
  onlineCpus: readonly number[];
  /** How many pinned instances each CPU already serves; missing: none. */
  load?: ReadonlyMap<number, number>;
}

/** The control-group limits that an expanded config (already validated) asks for. */
export function cgroupLimits(config: StringMap, facts: LimitFacts): CgroupLimits {
  const limits: CgroupLimits = {};
  const memory = config['limits.memory'];
  if (memory)
    limits.memory = {
      bytes: parseShare(memory, facts.totalMemory) ?? 0,
      enforce: config['limits.memory.enforce'] === 'soft' ? 'soft' : 'hard',
    };
  if (config['limits.memory.swap'] === 'false') limits.swap = false;
  if (config['limits.processes']) limits.processes = Number(config['limits.processes']);
  if (config['limits.cpu']) limits.cpuset = cpuset(config['limits.cpu'], facts);
  const allowance = config['limits.cpu.allowance'];
  if (allowance?.endsWith('%')) limits.cpuShare = Number(allowance.slice(0, -1));
  else if (allowance) limits.cpuQuota = quota(allowance);
  if (config['limits.cpu.priority']) limits.cpuPriority = Number(config['limits.cpu.priority']);
  return limits;
}

/** '25ms/100ms' in microseconds. */
function quota(text: string): { quota: number; period: number } {
  const [quotaText = '', periodText = ''] = text.split('/');
  return { quota: Number.parseInt(quotaText, 10) * 1000, period: Number.parseInt(periodText, 10) * 1000 };
}

/** A count becomes that many of the least used CPUs; a list or range is taken as it is. */
function cpuset(text: string, facts: LimitFacts): string {
  if (!/^\d+$/.test(text)) return text;
  const load = (cpu: number) => facts.load?.get(cpu) ?? 0;
  const chosen = [...facts.onlineCpus].sort((a, b) => load(a) - load(b) || a - b).slice(0, Math.max(1, Number(text)));
  return chosen.sort((a, b) => a - b).join(',');
}

/** Members of a cpuset list such as '0,2-3'. */
export function cpusOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
