import { randomUUID } from 'node:crypto';
import { readlink, rename, rm, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

// Symlinks that show by its name what is kept by its id. They are for people and tools to look at: nothing is found by them.

/** Makes `link` a symlink to `target`, in one step where it was another one; done at once where it is that already. */
export async function pointLink(link: string, target: string): Promise<void> {
  if ((await targetOf(link)) === target) return;
  const made = join(dirname(link), `.${randomUUID()}`);
  await symlink(target, made);
  try {
    await rename(made, link);
  } catch (error) {
    await rm(made, { force: true });
    throw error;
  }
}

/** Removes `link` if it is a symlink to `target`: meanwhile the name may be another's. */
export async function dropLink(link: string, target: string): Promise<void> {
  if ((await targetOf(link)) !== target) return;
  await unlink(link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function targetOf(link: string): Promise<string | null> {
  return readlink(link).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EINVAL') return null;
    throw error;
  });
}
