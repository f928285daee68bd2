import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Removes a tree that a guest may have written. Symlinks are removed, never followed. A guest can nest directories
 * deeper than PATH_MAX allows to name; rm(1) walks by directory fds and copes.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (problem) {
    const code = (problem as NodeJS.ErrnoException).code;
    if (code !== 'ENAMETOOLONG' && code !== 'EMFILE' && !(problem instanceof RangeError)) throw problem;
    await promisify(execFile)('rm', ['-rf', '--one-file-system', '--', path]);
  }
}
