import os from 'node:os';
import { join } from 'node:path';
import type { WireCpuCore, WireCpus, WireCpuSocket } from '#lib/contract';
import { type HostTree, names, number, numberList, text } from './sysfs.ts';

interface Thread {
  id: number;
  socket: number;
  die: number;
  core: number;
  node: number;
  online: boolean;
  isolated: boolean;
  /** MHz. */
  frequency: number;
}

/** Sockets, cores and threads, from the topology the kernel shows. */
export async function processors({ sys, proc }: HostTree): Promise<WireCpus> {
  const root = join(sys, 'devices/system/cpu');
  const ids = (await names(root)).filter((name) => /^cpu\d+$/.test(name)).map((name) => Number(name.slice(3)));
  const [information, isolated] = await Promise.all([text(proc, 'cpuinfo'), text(root, 'isolated')]);
  const threads = await Promise.all(ids.map((id) => thread(root, id, information, numberList(isolated))));
  const sockets = [...new Set(threads.map((each) => each.socket))].sort((a, b) => a - b);
  return {
    architecture: os.machine(),
    sockets: await Promise.all(
      sockets.map((each) =>
        socket(
          root,
          threads.filter((one) => one.socket === each),
          information,
        ),
      ),
    ),
    total: threads.length,
  };
}

async function thread(root: string, id: number, information: string, isolated: readonly number[]): Promise<Thread> {
  const directory = join(root, `cpu${id}`);
  const [socketId, die, core, online, kilohertz, entries] = await Promise.all([
    number(directory, 'topology/physical_package_id'),
    number(directory, 'topology/die_id'),
    number(directory, 'topology/core_id'),
    text(directory, 'online'),
    number(directory, 'cpufreq/scaling_cur_freq'),
    names(directory),
  ]);
  const node = entries.find((name) => /^node\d+$/.test(name));
  return {
    id,
    socket: Math.max(socketId, 0),
    die: Math.max(die, 0),
    core,
    node: node ? Number(node.slice(4)) : 0,
    // A CPU that cannot be switched off, often the first one, has no such file.
    online: online !== '0',
    isolated: isolated.includes(id),
    frequency: Math.round(kilohertz / 1000 || Number(fieldOf(information, id, 'cpu MHz'))),
  };
}

async function socket(root: string, threads: readonly Thread[], information: string): Promise<WireCpuSocket> {
  const first = threads[0];
  const directory = join(root, `cpu${first?.id ?? 0}`);
  const [minimum, maximum, cache] = await Promise.all([
    number(directory, 'cpufreq/cpuinfo_min_freq'),
    number(directory, 'cpufreq/cpuinfo_max_freq'),
    caches(directory),
  ]);
  const cores = coresOf(threads);
  return {
    name: fieldOf(information, first?.id ?? 0, 'model name'),
    vendor: fieldOf(information, first?.id ?? 0, 'vendor_id'),
    socket: first?.socket ?? 0,
    cache,
    cores,
    frequency: Math.round(cores.reduce((sum, core) => sum + core.frequency, 0) / Math.max(cores.length, 1)),
    frequency_minimum: Math.round(minimum / 1000),
    frequency_turbo: Math.round(maximum / 1000),
  };
}

function coresOf(threads: readonly Thread[]): WireCpuCore[] {
  const groups = new Map<string, Thread[]>();
  for (const each of threads) groups.set(`${each.die}/${each.core}`, [...(groups.get(`${each.die}/${each.core}`) ?? []), each]);
  return [...groups.values()].map((group) => ({
    core: group[0]?.core ?? 0,
    die: group[0]?.die ?? 0,
    threads: group.map(({ id, node, online, isolated }, at) => ({ id, numa_node: node, thread: at, online, isolated })),
    frequency: Math.round(group.reduce((sum, each) => sum + each.frequency, 0) / group.length),
  }));
}

async function caches(directory: string): Promise<WireCpuSocket['cache']> {
  const indexes = (await names(directory, 'cache')).filter((name) => name.startsWith('index'));
  return Promise.all(
    indexes.map(async (name) => ({
      level: await number(directory, 'cache', name, 'level'),
      type: await text(directory, 'cache', name, 'type'),
      size: (Number.parseInt(await text(directory, 'cache', name, 'size'), 10) || 0) * 1024,
    })),
  );
}

/** A field of a processor's block in /proc/cpuinfo (proc(5)); '' when the architecture has none of that name. */
function fieldOf(information: string, id: number, field: string): string {
  const block = information.split('\n\n').find((each) => new RegExp(`^processor\\s*:\\s*${id}$`, 'm').test(each)) ?? '';
  return new RegExp(`^${field}\\s*:\\s*(.*)$`, 'm').exec(block)?.[1] ?? '';
}
