import { chmodSync, chownSync, readFileSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { isErrno } from '#lib/host';

/** The longest path that fits sockaddr_un (unix(7)), without the final NUL. */
const longestPath = 107;

/** Whether a process accepts connections at the path. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Listens at the path, for root and the members of `group`. A socket left by a dead daemon is replaced; rejects with a
 * plain sentence when a live one answers or the path is too long.
 */
export async function listenUnix(server: Server, path: string, group: number | null): Promise<void> {
  if (Buffer.byteLength(path) > longestPath) {
    throw new Error(`The socket path ${path} is longer than ${longestPath} bytes; choose a shorter LXCTL_DIR.`);
  }
  if (await answers(path)) throw new Error(`Another daemon already answers at ${path}.`);
  removeIfThere(path);
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
  if (group !== null) chownSync(path, 0, group);
  chmodSync(path, 0o660);
}

export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** The group whose members may administer: `lxctl`, else `lxd`; null (root alone) when there is neither. */
export function adminGroup(groupFile = '/etc/group'): number | null {
  let lines: string[][];
  try {
    lines = readFileSync(groupFile, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return null;
  }
  for (const name of ['lxctl', 'lxd']) {
    const id = lines.find((fields) => fields[0] === name)?.[2];
    if (id) return Number(id);
  }
  return null;
}
