import { isErrno } from '../errno.ts';
import { removeTree as removePart } from '../native.ts';
import { runProgram } from '../programs/programs.ts';
import { exists } from './exists.ts';

/**
 * Removes a tree that a guest may have written, with subvolumes of btrfs in it, read-only ones too; what is not there is removed. Symlinks are removed, never followed, and what
 * is mounted in it is left (EXDEV). A guest can nest directories deeper than a process has file descriptors for; rm(1) copes.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    while (!(await removePart(path)));
  } catch (error) {
    if (!isErrno(error, 'ENAMETOOLONG', 'EMFILE')) throw error;
    await runProgram('rm', ['-rf', '--one-file-system', '--', path]);
  }
}

/** So many trips to the thread pool are made for a tree that may grow meanwhile: some tens of thousands of entries. */
const openTrips = 64;

/**
 * `removeTree` of what a guest may still write to, for it keeps mounts of volumes that were taken from it. A subvolume goes at
 * once; of what is large rm(1) reads each directory once and then fails: who makes new files all the time holds nobody up.
 */
export async function removeOpenTree(path: string): Promise<void> {
  try {
    for (let trip = 0; trip < openTrips; trip += 1) if (await removePart(path)) return;
  } catch (error) {
    if (!isErrno(error, 'ENAMETOOLONG', 'EMFILE', 'EXDEV')) throw error;
  }
  if (await exists(path)) await runProgram('rm', ['-rf', '--one-file-system', '--', path]);
}
