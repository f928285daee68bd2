import { chmod, chown, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '#lib/host';
import type { Account } from './account.ts';
import type { Folders } from './folders.ts';

/** The role that owns everything; peer authentication maps our user to it. */
export const role = 'lxctl';

const unfinished = 'data.init-';

/**
 * Makes the cluster on first use. It is made in a directory of its own and renamed when it is whole, so a crash in the
 * middle leaves a directory that the next start throws away (an initdb that outlived its daemon keeps writing there,
 * in nobody's way).
 */
export async function ensureCluster(binaries: string, folders: Folders, account: Account): Promise<void> {
  await removeUnfinished(folders.root);
  if ((await majorOfData(folders.data)) !== null) return;
  if ((await readdir(folders.data).catch(() => [])).length > 0)
    throw new Error(
      `The database in ${folders.data} is damaged: it has no readable PG_VERSION. Put a backup in its place, or move it away to begin anew.`,
    );
  const fresh = await mkdtemp(join(folders.root, unfinished));
  await chown(fresh, account.uid, account.gid);
  await initdb(binaries, fresh, account);
  await rename(fresh, folders.data);
  await sync(folders.root);
}

/** Major version that made the data; null when there are none. */
export async function majorOfData(data: string): Promise<number | null> {
  const text = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null);
  return Number.parseInt(text ?? '', 10) || null;
}

/** hba and ident files are written anew at each start: they are code, not state. */
export async function writeAccessFiles(folders: Folders, account: Account): Promise<{ hba: string; ident: string }> {
  const hba = join(folders.root, 'pg_hba.conf');
  const ident = join(folders.root, 'pg_ident.conf');
  const users = new Set([account.name, 'root']);
  await writeReadable(hba, `local all ${role} peer map=own\n`);
  await writeReadable(ident, [...users].map((user) => `own ${user} ${role}\n`).join(''));
  return { hba, ident };
}

/** Identity to spawn with; only root may (and must) change it. */
export function identity(account: Account): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: account.uid, gid: account.gid } : {};
}

async function initdb(binaries: string, data: string, account: Account): Promise<void> {
  const args = ['-D', data, '-U', role, '-E', 'UTF8', '--no-locale', '-A', 'peer', '--no-instructions'];
  const env = { PATH: binaries, LC_ALL: 'C', TZ: 'UTC' };
  await runProgram(join(binaries, 'initdb'), args, { identity: identity(account), cwd: '/', env, timeoutMs: 120_000 });
}

async function removeUnfinished(root: string): Promise<void> {
  const left = (await readdir(root)).filter((name) => name.startsWith(unfinished));
  // An initdb of a killed daemon may still be filling it: then the next start removes it.
  for (const name of left) await rm(join(root, name), { recursive: true, force: true }).catch(() => {});
}

/** Readable by the server whatever our umask; the folder above is the server's alone. */
async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o644);
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
