import { access, readFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { compileSeccomp, IdMaps } from '#lib/host';
import { defaultSeccompPolicy, type HostFacts } from '#lib/instance';
import type { DaemonSettings } from './settings.ts';

/** Where Debian's and LXD's lxcfs mount themselves. */
const lxcfsMounts = ['/var/lib/lxcfs', '/var/lib/incus-lxcfs'];

/** What every instance's plan takes from this host; read once, at start. */
export async function hostFacts(settings: DaemonSettings): Promise<HostFacts> {
  const [range, seccomp, lxcfs, onlineCpus] = await Promise.all([
    new IdMaps().defaultRange(),
    compileSeccomp(defaultSeccompPolicy),
    findLxcfs(),
    cpus(),
  ]);
  return {
    idMap: [range],
    seccomp,
    lxcfs,
    onlineCpus,
    runDir: settings.runDir,
    logsDir: join(settings.stateDir, 'logs'),
    architecture: os.machine(),
    totalMemory: os.totalmem(),
  };
}

async function findLxcfs(): Promise<string | null> {
  for (const mount of lxcfsMounts) {
    const there = await access(join(mount, 'proc/meminfo')).then(
      () => true,
      () => false,
    );
    if (there) return mount;
  }
  return null;
}

async function cpus(): Promise<number[]> {
  const list = await readFile('/sys/devices/system/cpu/online', 'utf8').catch(() => '');
  const found = list
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, at) => first + at);
    });
  return found.length > 0 ? found : os.cpus().map((_, at) => at);
}
