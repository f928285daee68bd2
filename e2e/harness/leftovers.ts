import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { untilLinksGone } from './changes.ts';

/**
 * Everything on the host that still belongs to a daemon's state directory: processes that name it, mounts and loop devices below it, its
 * control groups, its bridges, and (unless they are counted on) files in its run directory.
 */
export async function leftovers(dir: string): Promise<string[]> {
  return [...(await processes(dir)), ...(await mounts(dir)), ...(await loopsOf(dir)), ...(await cgroups(dir)), ...(await links(dir))];
}

/** Processes with the directory in their command line, working directory or environment. */
export async function processes(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (Number(pid) !== process.pid && (command.includes(dir) || cwd.startsWith(dir))) found.push(`process ${pid}: ${command}`);
  }
  return found;
}

export async function mounts(dir: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.filter((line) => line.includes(dir)).map((line) => `mount: ${line}`);
}

/** Loop devices whose file is below the directory. */
export async function loopsOf(dir: string): Promise<string[]> {
  const names = (await readdir('/sys/block')).filter((name) => name.startsWith('loop'));
  const files = await Promise.all(names.map((name) => readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')));
  return names.flatMap((name, at) => (files[at]?.startsWith(dir) ? [`loop device: ${name} of ${files[at].trim()}`] : []));
}

/** The name of a server's control groups is made from its state directory. */
export function cgroupName(dir: string): string {
  return `lxctl-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;
}

/** Directories of instances; the server's own parent directories may stay. */
export async function cgroups(dir: string): Promise<string[]> {
  const found: string[] = [];
  const root = '/sys/fs/cgroup';
  const hierarchies = [root, ...(await readdir(root)).map((name) => join(root, name))];
  for (const hierarchy of hierarchies) {
    const own = join(hierarchy, cgroupName(dir));
    const entries = await readdir(own, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) found.push(`cgroup: ${join(own, entry.name)}`);
  }
  return found;
}

/** Rules of the packet filter for devices of a server, whose tables' name is made from its state directory: names of their links. */
export function filteredLinks(dir: string): string[] {
  const table = `lxctl.${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;
  const listing = spawnSync('nft', ['list', 'map', 'bridge', table, 'cards'], { encoding: 'utf8' }).stdout;
  return [...listing.matchAll(/"([^"]+)" : jump/g)].map(([, name = '']) => name);
}

/** Host ends of pairs whose bridge is gone or that hang on no bridge, and bridges of this directory's networks. */
export async function links(dir: string): Promise<string[]> {
  const networks = await readdir(join(dir, 'networks')).catch(() => [] as string[]);
  const names = await readdir('/sys/class/net');
  return names.filter((name) => networks.includes(name)).map((name) => `link: ${name}`);
}

/** Host ends of instances' links on the bridges of this directory's networks. */
export async function bridgePorts(dir: string): Promise<string[]> {
  const networks = await readdir(join(dir, 'networks')).catch(() => [] as string[]);
  const ports = await Promise.all(networks.map((name) => readdir(`/sys/class/net/${name}/brif`).catch(() => [] as string[])));
  return ports.flat();
}

/**
 * Resolves when no link is left on the bridges. The kernel takes a link away a moment after the last process of its
 * network namespace; each change is heard of from it, so nothing is asked again and again.
 */
export async function noBridgePorts(dir: string): Promise<void> {
  await untilLinksGone(async () => (await bridgePorts(dir)).length === 0);
}
