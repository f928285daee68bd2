// Memory of our own processes: PSS, which shares out pages that several processes map (proc(5), smaps_rollup).
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

async function pss(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024;
}

/** Mean MB of a keeper of the daemon behind the socket, and the daemon's own. */
export async function keeperMemory(socketPath) {
  const run = join(dirname(socketPath), 'run');
  const nursery = Number(await readFile(join(run, 'nursery.pid'), 'utf8').catch(() => '0'));
  const daemon = Number(await readFile(join(dirname(socketPath), 'lxctld.pid'), 'utf8').catch(() => '0'));
  const keepers = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === nursery) keepers.push(await pss(pid));
  }
  return { keeper: keepers.reduce((sum, each) => sum + each, 0) / Math.max(1, keepers.length), daemon: await pss(daemon) };
}
