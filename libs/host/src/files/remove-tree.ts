import { rm } from 'node:fs/promises';
import { isErrno } from '../errno.ts';
import { runProgram } from '../programs/programs.ts';

/**
 * Removes a tree that a guest may have written; what is not there is removed. Symlinks are removed, never followed. A guest
 * can nest directories deeper than PATH_MAX allows to name; rm(1) walks by directory fds and copes.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!isErrno(error, 'ENAMETOOLONG', 'EMFILE') && !(error instanceof RangeError)) throw error;
    await runProgram('rm', ['-rf', '--one-file-system', '--', path]);
  }
}
