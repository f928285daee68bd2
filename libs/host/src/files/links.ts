import { readlink, rename, rm, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno } from '../errno.ts';

// Symlinks that show by its name what is kept by its id. They are for people and tools to look at: nothing is found by them.

/** Makes `link` a symlink to `target`, in one step where it was another one; done at once where it is that already. */
export async function pointLink(link: string, target: string): Promise<void> {
  if ((await targetOf(link)) === target) return;
  try {
    await symlink(target, link);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    await replace(link, target);
  }
}

async function replace(link: string, target: string): Promise<void> {
  const made = besides(link);
  await rm(made, { force: true });
  await symlink(target, made);
  try {
    await rename(made, link);
  } catch (error) {
    await rm(made, { force: true });
    throw error;
  }
}

/** Of this name alone, so that who takes the link away after a crash finds what was left beside it. */
function besides(link: string): string {
  return join(dirname(link), `.${basename(link)}`);
}

/** Removes `link` if it is a symlink to `target`: meanwhile the name may be another's. */
export async function dropLink(link: string, target: string): Promise<void> {
  for (const path of [link, besides(link)]) await drop(path, target);
}

async function drop(path: string, target: string): Promise<void> {
  if ((await targetOf(path)) !== target) return;
  await unlink(path).catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT')) throw error;
  });
}

async function targetOf(link: string): Promise<string | null> {
  return readlink(link).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT', 'EINVAL')) return null;
    throw error;
  });
}
