import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errno.ts';
import { readControl, writeControl } from './files.ts';
import type { Hierarchies } from './hierarchy.ts';
import { type Backends, type Controller, type HostLimits, optionalFiles } from './limits.ts';

/** The server's own directories, under which each instance gets one. */
export interface Ground {
  /** In the cgroup2 hierarchy; null on a host without one. */
  unified: string | null;
  /** v1 directories by controller; several controllers may share one. */
  v1: ReadonlyMap<string, string>;
  limits: HostLimits;
}

/** v2 controllers handed down to instances, where the host has them. */
const handedDown = ['cpu', 'cpuset', 'hugetlb', 'io', 'memory', 'pids'];
/** v1 hierarchies an instance joins when v2 does not serve the controller. freezer and cpuacct only without any v2. */
const limited: readonly Controller[] = ['cpu', 'cpuset', 'hugetlb', 'io', 'memory', 'pids'];
/** What version 1 calls a controller, where that is something else. */
const v1Names: Readonly<Record<string, string>> = { io: 'blkio' };

/** Makes `path` (relative, '/' between parts) in every hierarchy of use. */
export async function breakGround(hierarchies: Hierarchies, path: string): Promise<Ground> {
  const unified = hierarchies.unified && join(hierarchies.unified, path);
  const onV2 = hierarchies.unified ? await prepareUnified(hierarchies.unified, path) : [];
  const wanted = [...limited.filter((controller) => !onV2.includes(controller)), ...(unified ? [] : ['cpuacct', 'freezer'])];
  const v1 = new Map<string, string>();
  for (const controller of wanted) {
    const mount = hierarchies.v1.get(v1Names[controller] ?? controller);
    if (!mount) continue;
    await prepareV1(controller, mount, path);
    v1.set(controller, join(mount, path));
  }

  const backend = (controller: Controller) => (onV2.includes(controller) ? 'v2' : v1.has(controller) ? 'v1' : 'none');
  const backends = Object.fromEntries(limited.map((controller) => [controller, backend(controller)])) as unknown as Backends;
  const files = await existing(backends, unified, v1);
  return { unified, v1, limits: { backends, files, ...(await readHost(hierarchies, unified, backends.memory)) } };
}

/** The directory that holds those of the instances, in the hierarchy that serves the controller. */
export function parentOf({ unified, v1, limits }: Ground, controller: Controller): string {
  const parent = limits.backends[controller] === 'v2' ? unified : v1.get(controller);
  if (!parent) throw new Error(`the host has no "${controller}" controller`);
  return parent;
}

async function readHost(
  hierarchies: Hierarchies,
  unified: string | null,
  memory: 'v1' | 'v2' | 'none',
): Promise<Omit<HostLimits, 'backends' | 'files'>> {
  const first = async (controller: string, file: string) => {
    const mount = hierarchies.v1.get(controller);
    return (mount && (await readControl(join(mount, file)))?.trim()) || '';
  };
  const onV2 = memory === 'v2' && unified !== null && (await exists(join(unified, 'memory.swap.max')));
  return {
    swapAccounting: onV2 || (memory === 'v1' && (await first('memory', 'memory.memsw.limit_in_bytes')) !== ''),
    allCpus: await first('cpuset', 'cpuset.cpus'),
    swappiness: (await first('memory', 'memory.swappiness')) || '60',
  };
}

/** Which of the files that a group may have or not, those of this host have. */
async function existing(backends: Backends, unified: string | null, v1: ReadonlyMap<string, string>): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(optionalFiles).flatMap(([controller, files]) => {
      const directory = backends[controller as Controller] === 'v2' ? unified : v1.get(controller);
      return directory ? files.map(async (file) => ((await exists(join(directory, file))) ? [file] : [])) : [];
    }),
  );
  return found.flat();
}

/** From the root down: a directory's controllers are those its parent lists in cgroup.subtree_control. */
async function prepareUnified(mount: string, path: string): Promise<string[]> {
  let controllers = words(await readControl(join(mount, 'cgroup.controllers')));
  let directory = mount;
  for (const part of [...path.split('/'), null]) {
    const enabled = new Set(words(await readControl(join(directory, 'cgroup.subtree_control'))));
    for (const controller of handedDown) {
      if (!controllers.includes(controller) || enabled.has(controller)) continue;
      if (await enable(directory, controller)) enabled.add(controller);
    }
    controllers = handedDown.filter((controller) => enabled.has(controller));
    if (part === null) break;
    directory = join(directory, part);
    await makeDirectory(directory);
  }
  return controllers;
}

/**
 * False where the kernel refuses: EBUSY when the directory holds processes (a daemon in the root of a delegated subtree),
 * EINVAL, ENOENT or EOPNOTSUPP when the controller cannot be had there. Then nothing needs it until a limit asks for it,
 * and that limit is refused.
 */
async function enable(directory: string, controller: string): Promise<boolean> {
  try {
    await writeControl(join(directory, 'cgroup.subtree_control'), `+${controller}`);
    return true;
  } catch (error) {
    if (isErrno(error, 'EBUSY', 'EINVAL', 'ENOENT', 'EOPNOTSUPP', 'EACCES', 'EPERM', 'EROFS')) return false;
    throw error;
  }
}

/** Each level starts as its parent is; a new cpuset directory has no CPUs and takes no process until it is given some. */
async function prepareV1(controller: string, mount: string, path: string): Promise<void> {
  let parent = mount;
  for (const part of path.split('/')) {
    const directory = join(parent, part);
    await makeDirectory(directory);
    if (controller === 'cpuset') await inheritCpuset(parent, directory);
    if (controller === 'memory' && (await readControl(join(directory, 'memory.use_hierarchy')))?.trim() === '0') {
      await writeControl(join(directory, 'memory.use_hierarchy'), '1');
    }
    parent = directory;
  }
}

async function inheritCpuset(parent: string, directory: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if ((await readControl(join(directory, file)))?.trim()) continue;
    const value = (await readControl(join(parent, file)))?.trim();
    if (value) await writeControl(join(directory, file), value);
  }
  // With it the kernel itself copies cpus and mems into the directories of instances: no write on the start path.
  await writeControl(join(directory, 'cgroup.clone_children'), '1');
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, 0o755).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error;
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function words(text: string | null): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}
