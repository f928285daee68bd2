import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { isLxError, LxError } from '#lib/contract';
import { makeDirectory, removeTree, runProgram } from '#lib/host';
import type { PoolRole } from '../../driver.ts';

/**
 * Mounts an overlay in a mount namespace of its own and does what a guest does: replaces a directory of the lower layer,
 * for which the upper's file system must hold extended attributes (user.overlay.opaque) and whiteouts.
 */
const probeScript = `
set -e
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr merged
rmdir merged/directory
mkdir merged/directory
echo content > merged/file
`;

/** Lower layer of roots that were made without an image. */
export const emptyLower = 'empty';

export const overlayPool: PoolRole = {
  async probe(directory) {
    let place: string | null = null;
    try {
      place = await mkdtemp(join(directory, '.probe-'));
      for (const name of ['lower', 'upper', 'work', 'merged', 'lower/directory']) await mkdir(join(place, name));
      await runProgram('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', probeScript], { cwd: place });
    } catch (error) {
      if (isLxError(error, 'program.missing')) throw error;
      const reason = `overlay does not work on its file system (${(error as Error).message})`;
      throw new LxError('pool.unusable', { path: directory, reason }, { cause: error });
    } finally {
      if (place !== null) await removeTree(place);
    }
  },

  async prepare(directory) {
    await makeDirectory(join(directory, emptyLower), 0o755);
  },
};
