import { access, readFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { compileSeccomp, IdMaps, isSystemCall } from '#lib/host';
import { parseCpuList } from '#lib/contract';
import { defaultSeccompPolicy, type HostFacts } from '#lib/instance';
import { hardLimitsOf } from './hard-limits.ts';
import type { DaemonSettings } from './settings.ts';

/** What every instance's plan takes from this host; read once, at start. */
export async function hostFacts(settings: DaemonSettings): Promise<HostFacts> {
  const [ids, seccomp, lxcfs, onlineCpus, hardLimits] = await Promise.all([
    new IdMaps().ranges(),
    compileSeccomp(defaultSeccompPolicy),
    findLxcfs(),
    cpus(),
    hardLimitsOf(),
  ]);
  return {
    ids,
    seccomp,
    systemCalls: { known: isSystemCall, compile: compileSeccomp },
    lxcfs,
    onlineCpus,
    runDir: settings.runDir,
    homesDir: join(settings.stateDir, 'instances'),
    logsDir: join(settings.stateDir, 'logs'),
    architecture: os.machine(),
    totalMemory: os.totalmem(),
    hardLimits,
  };
}

/** lxcfs may be mounted anywhere; Debian has it at /var/lib/lxcfs. The mounts of a dead one answer ENOTCONN. */
export async function findLxcfs(mountinfo = '/proc/self/mountinfo'): Promise<string | null> {
  const lines = (await readFile(mountinfo, 'utf8')).split('\n').filter((line) => line.includes(' - fuse.lxcfs '));
  for (const mount of lines.map((line) => line.split(' ')[4] ?? '')) {
    const answers = await access(join(mount, 'proc/meminfo')).then(
      () => true,
      () => false,
    );
    if (answers) return mount;
  }
  return null;
}

async function cpus(): Promise<number[]> {
  const list = (await readFile('/sys/devices/system/cpu/online', 'utf8').catch(() => '')).trim();
  return parseCpuList(list) ?? os.cpus().map((_, at) => at);
}
