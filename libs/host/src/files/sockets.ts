import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { isErrno } from '../errno.ts';

/** Removes a unix socket at which nobody listens; whatever else is there stays. */
export async function dropSocket(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isSocket() && (await isDead(path))) await unlink(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
}

function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error) => resolve(isErrno(error, 'ECONNREFUSED')));
  });
}
