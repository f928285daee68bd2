import { join } from 'node:path';
import { whenFile, whenTrue } from './events.ts';
import { isErrno } from '../errno.ts';
import { isGone, processesBelow, readControl, removeTree, writeControl } from './files.ts';

/** Resolves when the kernel says that it is so. What cannot be frozen in time is left running. */
export async function setFrozen(freezer: Freezer, frozen: boolean, timeoutMs: number): Promise<void> {
  try {
    await request(freezer, frozen, timeoutMs);
  } catch (error) {
    if (frozen) await request(freezer, false, timeoutMs).catch(() => undefined);
    throw error;
  }
}

export interface Freezer {
  directory: string;
  version: 'v1' | 'v2';
}

async function request({ directory, version }: Freezer, frozen: boolean, timeoutMs: number): Promise<void> {
  if (version === 'v2') {
    await writeControl(join(directory, 'cgroup.freeze'), frozen ? '1' : '0');
    const wanted = frozen ? /^frozen 1$/m : /^frozen 0$/m;
    return whenFile(join(directory, 'cgroup.events'), (text) => wanted.test(text), timeoutMs);
  }
  const state = join(directory, 'freezer.state');
  const wanted = frozen ? 'FROZEN' : 'THAWED';
  await writeControl(state, wanted);
  const arrived = async () => [wanted, undefined].includes((await readControl(state))?.trim());
  await whenTrue(arrived, timeoutMs, `${state}: ${wanted}`);
}

/** Kills all that runs in the directories and waits until they are empty. Missing directories are empty ones. */
export async function killBelow(
  unified: string | null,
  v1: readonly string[],
  options: { timeoutMs: number; kill: (pid: number, signal: NodeJS.Signals) => void },
): Promise<void> {
  if (unified && (await killAtOnce(unified))) {
    await whenFile(join(unified, 'cgroup.events'), (text) => /^populated 0$/m.test(text), options.timeoutMs);
  }
  // Before Linux 5.14 there is no cgroup.kill, and v1 never had one: signal what is listed until nothing is.
  const empty = async () => {
    const lists = await Promise.all([...(unified ? [unified] : []), ...v1].map(processesBelow));
    const pids = new Set(lists.flat());
    for (const pid of pids) killIfThere(pid, options.kill);
    return pids.size === 0;
  };
  await whenTrue(empty, options.timeoutMs, `the end of the processes in ${[unified, ...v1].filter(Boolean).join(', ')}`);
}

/** Removes the tree. A process that has ended is still counted (EBUSY) for a moment after it is no longer listed. */
export async function removeEmptied(directory: string, timeoutMs: number): Promise<void> {
  const gone = async () => {
    try {
      await removeTree(directory);
      return true;
    } catch (error) {
      if (isErrno(error, 'EBUSY')) return false;
      throw error;
    }
  };
  await whenTrue(gone, timeoutMs, `the removal of ${directory}`);
}

async function killAtOnce(directory: string): Promise<boolean> {
  if ((await readControl(join(directory, 'cgroup.events'))) === null) return false;
  try {
    await writeControl(join(directory, 'cgroup.kill'), '1');
    return true;
  } catch (error) {
    if (isGone(error) || isErrno(error, 'EACCES', 'EPERM')) return false;
    throw error;
  }
}

function killIfThere(pid: number, kill: (pid: number, signal: NodeJS.Signals) => void): void {
  // 0: a process outside this pid namespace; signalling "pid 0" would hit our own group.
  if (pid <= 0) return;
  try {
    kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}
