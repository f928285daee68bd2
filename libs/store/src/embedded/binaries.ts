import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const oldest = 15;
const debianRoot = '/usr/lib/postgresql';

export interface FindOptions {
  /** Where Debian keeps one folder a major version. */
  root?: string;
  /** $PATH */
  path?: string;
}

/**
 * The folder with `postgres` and `initdb`: the newest version under /usr/lib/postgresql that is at least 15, else the
 * first on PATH (whose version initdb itself decides). Rejects with a sentence that names the Debian package.
 */
export async function findBinaries(options: FindOptions = {}): Promise<string> {
  const root = options.root ?? debianRoot;
  const versions = (await readdir(root).catch(() => []))
    .filter((name) => /^\d+$/.test(name) && Number(name) >= oldest)
    .sort((a, b) => Number(b) - Number(a));
  const onPath = (options.path ?? process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  for (const folder of [...versions.map((version) => join(root, version, 'bin')), ...onPath]) {
    if (await holdsServer(folder)) return folder;
  }
  throw new Error(
    `No PostgreSQL server (version ${oldest} or later) was found under ${root} or on PATH. ` +
      'Install Debian\'s package "postgresql", or set LXCTL_DATABASE_URL to a server of your own.',
  );
}

async function holdsServer(folder: string): Promise<boolean> {
  try {
    await Promise.all(['postgres', 'initdb'].map((name) => access(join(folder, name), constants.X_OK)));
    return true;
  } catch {
    return false;
  }
}
