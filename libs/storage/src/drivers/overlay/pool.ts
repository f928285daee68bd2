import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LxError } from '#lib/contract';
import type { PoolRole } from '../../driver.ts';
import { makeDirectory } from '../../exists.ts';
import { removeTree } from '../../remove-tree.ts';

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
      await promisify(execFile)('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', probeScript], { cwd: place });
    } catch (problem) {
      const words =
        String((problem as { stderr?: string }).stderr || (problem as Error).message)
          .trim()
          .split('\n')
          .at(-1) ?? '';
      throw new LxError(
        'pool.unusable',
        { path: directory, reason: `overlay does not work on its file system (${words})` },
        { cause: problem },
      );
    } finally {
      if (place !== null) await removeTree(place);
    }
  },

  async prepare(directory) {
    await makeDirectory(join(directory, emptyLower), 0o755);
  },
};
