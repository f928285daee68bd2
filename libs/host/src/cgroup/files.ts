import { readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errno.ts';

/** Control group files hold one write each: what the kernel refuses, it refuses in that write (EINVAL, EBUSY, ...). */
export async function writeControl(path: string, value: string): Promise<void> {
  try {
    await writeFile(path, value);
  } catch (error) {
    throw Object.assign(error as Error, { path, value });
  }
}

/** null where the file, or what it belongs to, is gone. */
export async function readControl(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** The same for many files, for hosts where the addon is not loaded. */
export function readControls(paths: readonly string[]): Promise<(string | null)[]> {
  return Promise.all(paths.map(readControl));
}

export function isGone(error: unknown): boolean {
  return isErrno(error, 'ENOENT', 'ENODEV', 'ESRCH');
}

/** The directory and all below it, deepest first; empty when there is none. */
export async function descendants(directory: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (isGone(error)) return null;
    throw error;
  });
  if (entries === null) return found;
  for (const entry of entries) if (entry.isDirectory()) found.push(...(await descendants(join(directory, entry.name))));
  return [...found, directory];
}

/** Pids of every process in the directory and below. */
export async function processesBelow(directory: string): Promise<number[]> {
  const lists = await Promise.all((await descendants(directory)).map(processesOf));
  return lists.flatMap((list) => (list ?? '').split('\n').filter(Boolean).map(Number));
}

/** A threaded v2 directory lists none (EOPNOTSUPP): its processes are listed by the domain above it (cgroups(7)). */
async function processesOf(directory: string): Promise<string | null> {
  try {
    return await readControl(join(directory, 'cgroup.procs'));
  } catch (error) {
    if (isErrno(error, 'EOPNOTSUPP')) return null;
    throw error;
  }
}

/** rmdir of the tree. The kernel's files need no unlink; EBUSY while a process is left. */
export async function removeTree(directory: string): Promise<void> {
  for (const path of await descendants(directory)) {
    await rmdir(path).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }
}
