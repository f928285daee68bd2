import { execFile } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RootRole } from '../../driver.ts';
import { exists } from '../../exists.ts';
import { removeTree } from '../../remove-tree.ts';

export const dirRoots: RootRole = {
  async create(directory, image) {
    const root = join(directory, 'rootfs');
    if (await exists(root)) return;
    // The rename at the end makes a copy that was interrupted tell itself from a whole one.
    const copy = join(directory, 'copying');
    await removeTree(copy);
    if (image === null) await mkdir(copy, { mode: 0o755 });
    else await promisify(execFile)('cp', ['-a', '--reflink=auto', '-T', '--', join(image, 'rootfs'), copy]);
    await rename(copy, root);
  },

  recipe(directory) {
    return {
      layers: [{ path: join(directory, 'rootfs'), idmapped: true, readonly: false, optional: false }],
      root: { kind: 'bind', layer: 0 },
    };
  },

  async usage() {
    return null;
  },
};
