import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const oldest = 15;
const debianRoot = '/usr/lib/postgresql';

export interface FindOptions {
  /** The major version that made the data, when there are some: another cannot read them. */
  major?: number | null;
  /** Where Debian keeps one folder a major version. */
  root?: string;
  /** $PATH */
  path?: string;
}

/**
 * The folder with `postgres` and `initdb`: under /usr/lib/postgresql the version of the data, or the newest that is at
 * least 15; else the first on PATH, whose version the server itself judges. Rejects with a sentence that names the
 * Debian package.
 */
export async function findBinaries(options: FindOptions = {}): Promise<string> {
  const { major = null, root = debianRoot } = options;
  const versions = (await readdir(root).catch(() => []))
    .filter((name) => /^\d+$/.test(name) && (major === null ? Number(name) >= oldest : Number(name) === major))
    .sort((a, b) => Number(b) - Number(a));
  const onPath = (options.path ?? process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  for (const folder of [...versions.map((version) => join(root, version, 'bin')), ...onPath]) {
    if (await holdsServer(folder)) return folder;
  }
  const wanted = major === null ? `version ${oldest} or later` : `version ${major}, which made the data that are there`;
  throw new Error(
    `No PostgreSQL server (${wanted}) was found under ${root} or on PATH. ` +
      `Install Debian's package "postgresql${major === null ? '' : `-${major}`}", or set LXCTL_DATABASE_URL to a server of your own.`,
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
