import type { WireResources } from '#lib/contract';
import { type HostTree, names, text } from './sysfs.ts';

/** Memory of the host and of its NUMA nodes. Available memory (MemAvailable) counts as free. */
export async function memory({ sys, proc }: HostTree): Promise<WireResources['memory']> {
  const all = counters(await text(proc, 'meminfo'));
  const page = all('Hugepagesize');
  const total = all('MemTotal');
  const ids = (await names(sys, 'devices/system/node')).filter((name) => /^node\d+$/.test(name));
  return {
    nodes: await Promise.all(ids.map((name) => node(sys, name, page))),
    hugepages_total: all('HugePages_Total') * page,
    hugepages_used: (all('HugePages_Total') - all('HugePages_Free')) * page,
    hugepages_size: page,
    used: total - all('MemAvailable'),
    total,
  };
}

async function node(sys: string, name: string, page: number): Promise<WireResources['memory']['nodes'][number]> {
  const own = counters((await text(sys, 'devices/system/node', name, 'meminfo')).replaceAll(/^Node \d+ /gm, ''));
  return {
    numa_node: Number(name.slice(4)),
    hugepages_total: own('HugePages_Total') * page,
    hugepages_used: (own('HugePages_Total') - own('HugePages_Free')) * page,
    used: own('MemUsed'),
    total: own('MemTotal'),
  };
}

/** Lines of meminfo (proc(5)) by name: bytes, or plain counts where the line has no unit. */
function counters(content: string): (name: string) => number {
  return (name) => {
    const [, value = '0', unit] = new RegExp(`^${name}:\\s+(\\d+)( kB)?`, 'm').exec(content) ?? [];
    return Number(value) * (unit ? 1024 : 1);
  };
}
