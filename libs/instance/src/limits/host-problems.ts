import { formatBytes, type StringMap } from '#lib/base';
import { keyOf } from '#lib/contract';
import type { HostFacts } from '../host-facts.ts';
import { kernelLimits } from '../plan/rlimits.ts';
import { cpuList, memoryBytes } from './appliers.ts';

/** Below it not even a shell as init comes up: the kernel counts the pages of its tables and of the programs it runs. */
const LEAST_MEMORY = 1024 * 1024;

export type HostBounds = Pick<HostFacts, 'onlineCpus' | 'totalMemory' | 'hardLimits'>;

/** What an expanded config (already validated) asks for and this host cannot give. */
export function hostProblems(config: StringMap, host: HostBounds): string[] {
  return [...cpuProblems(config, host), ...memoryProblems(config, host), ...rlimitProblems(config, host)];
}

function cpuProblems(config: StringMap, { onlineCpus }: HostBounds): string[] {
  const wanted = keyOf(config, 'limits.cpu');
  if (typeof wanted !== 'object') return [];
  const missing = wanted.filter((cpu) => !onlineCpus.includes(cpu));
  if (missing.length === 0) return [];
  return [wrong('limits.cpu', config, `this host has no CPU ${cpuList(missing)}, only ${cpuList(onlineCpus)}`)];
}

function memoryProblems(config: StringMap, { totalMemory }: HostBounds): string[] {
  const bytes = memoryBytes(config, totalMemory);
  if (bytes === null || bytes >= LEAST_MEMORY || keyOf(config, 'limits.memory.enforce') === 'soft') return [];
  return [wrong('limits.memory', config, `an instance needs at least ${formatBytes(LEAST_MEMORY, 0)} to start`)];
}

function rlimitProblems(config: StringMap, { hardLimits }: HostBounds): string[] {
  return kernelLimits(config).flatMap(({ resource, hard }) => {
    const most = hardLimits[resource];
    if (most === undefined || (hard !== null && hard <= most)) return [];
    return [wrong(`limits.kernel.${resource}`, config, `this server may give at most ${most} (setrlimit(2), CAP_SYS_RESOURCE)`)];
  });
}

function wrong(key: string, config: StringMap, reason: string): string {
  return `Invalid value ${JSON.stringify(config[key])} for key ${JSON.stringify(key)}: ${reason}`;
}
