import { lstat, mkdir } from 'node:fs/promises';
import { isErrno } from '../errno.ts';

/** Whether something has this path; a dangling symlink counts. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** mkdir(2) that takes an existing directory as done. */
export async function makeDirectory(path: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}
