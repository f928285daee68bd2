import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';

/** sockaddr_un.sun_path holds 108 bytes with the final NUL (unix(7)). */
const socketPathLimit = 107;
const socketName = '/.s.PGSQL.5432';

export interface Folders {
  /** <stateDir>/postgres: owned by the server's user, 0700; everything of the server is below. */
  root: string;
  data: string;
  /** Directory of the Unix socket. */
  socket: string;
  log: string;
}

export function foldersOf(stateDir: string, runDir: string): Folders {
  const root = join(stateDir, 'postgres');
  return { root, data: join(root, 'data'), socket: socketFolder(stateDir, runDir), log: join(root, 'server.log') };
}

/** The first of these that leaves room for the socket's name. */
function socketFolder(stateDir: string, runDir: string): string {
  const short = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  const candidates = [join(stateDir, 'postgres', 'socket'), join(runDir, 'postgres'), `/run/lxctl-postgres-${short}`];
  return candidates.find((folder) => Buffer.byteLength(folder + socketName) <= socketPathLimit) as string;
}

/** Makes the folders and gives the server's user a way to them. */
export async function prepareFolders(folders: Folders, account: Account): Promise<void> {
  for (const folder of [folders.root, folders.socket]) {
    await mkdir(dirname(folder), { recursive: true, mode: 0o711 });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (process.getuid?.() === 0) {
      await openPath(dirname(folder), account, true);
      await chown(folder, account.uid, account.gid);
    }
    await chmod(folder, 0o700);
  }
}

/**
 * Checks that the account can pass through every directory above. The nearest one is the daemon's own (state or run
 * directory) and is opened (x for others); those above are not ours to change.
 */
async function openPath(folder: string, account: Account, own: boolean): Promise<void> {
  const { mode, uid, gid } = await stat(folder);
  const passes = uid === account.uid ? mode & 0o100 : gid === account.gid ? mode & 0o010 : mode & 0o001;
  if (!passes && own && uid !== account.uid) await chmod(folder, (mode & 0o7777) | 0o011);
  else if (!passes) {
    throw new Error(
      `The embedded PostgreSQL server runs as the user "${account.name}", who may not pass through ${folder} ` +
        `(mode ${(mode & 0o777).toString(8)}). Choose another LXCTL_DIR, or set LXCTL_DATABASE_URL.`,
    );
  }
  if (folder !== '/') await openPath(dirname(folder), account, false);
}
