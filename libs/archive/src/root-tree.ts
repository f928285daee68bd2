import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { exists, makeDirectory, removeTree } from '#lib/host';

/** dev/ is empty (the instance gets its own), and the mount points that every instance needs are there. */
export async function finishTree(root: string): Promise<void> {
  if (!(await lstat(root)).isDirectory()) throw new LxError('image.unpack_failed', { reason: 'rootfs is not a directory' });
  for (const name of ['dev', 'proc', 'sys']) {
    await makeDirectory(join(root, name), 0o755);
  }
  const dev = join(root, 'dev');
  if (!(await lstat(dev)).isDirectory()) return;
  for (const name of await readdir(dev)) await removeTree(join(dev, name));
}

/** Files are read by their names in it later, so it may not lead elsewhere. */
export async function refuseTemplates(path: string): Promise<void> {
  if ((await exists(path)) && !(await lstat(path)).isDirectory())
    throw new LxError('image.unpack_failed', { reason: 'templates is not a directory' });
}
