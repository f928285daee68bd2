/** More CPUs than any kernel has (NR_CPUS). */
const MOST_CPUS = 8192;

/** CPU numbers of a list such as `0,2-3`, ascending; null when it is none, names a CPU twice or has a range upside down. */
export function parseCpuList(text: string): number[] | null {
  const cpus = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (!match) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    if (last < first || last >= MOST_CPUS) return null;
    for (let cpu = first; cpu <= last; cpu++) {
      if (cpus.has(cpu)) return null;
      cpus.add(cpu);
    }
  }
  return [...cpus].sort((a, b) => a - b);
}
