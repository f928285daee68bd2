import { readFile } from 'node:fs/promises';

/** Lines of /proc/PID/limits (proc(5)) by the name of the resource in `limits.kernel.*`. */
const lines: Readonly<Record<string, string>> = {
  as: 'Max address space',
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  locks: 'Max file locks',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rss: 'Max resident set',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
};

/** CAP_SYS_RESOURCE of capabilities(7): may raise hard limits. */
const SYS_RESOURCE = 24n;

/**
 * The most of each resource that this process may give to an instance; a resource without a bound is missing. With
 * CAP_SYS_RESOURCE only open files have one: fs.nr_open holds for everybody.
 */
export async function hardLimitsOf(proc = '/proc'): Promise<Record<string, number>> {
  const [limits, status, nrOpen] = await Promise.all(
    ['self/limits', 'self/status', 'sys/fs/nr_open'].map((path) => readFile(`${proc}/${path}`, 'utf8')),
  );
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1] ?? '0'}`);
  const most: Record<string, number> = {};
  if ((capabilities & (1n << SYS_RESOURCE)) === 0n) {
    for (const [resource, line] of Object.entries(lines)) {
      const hard = new RegExp(`^${line}\\s+\\S+\\s+(\\d+)`, 'm').exec(limits ?? '')?.[1];
      if (hard !== undefined) most[resource] = Number(hard);
    }
  }
  return { ...most, nofile: Math.min(most.nofile ?? Infinity, Number(nrOpen)) };
}
