import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { SocketAddress } from '../open-store.ts';

/** Process id of the server that runs on these data, from its postmaster.pid; null when there is none. */
export async function livingPostmaster(data: string): Promise<number | null> {
  const pid = await firstNumber(join(data, 'postmaster.pid'));
  return pid !== null && (await isPostmaster(pid, data)) ? pid : null;
}

/**
 * Removes lock files (of the data and of the socket) whose process is gone or another one. Postgres sees only that some
 * process has that pid: a zombie that nobody reaps, or after a crash of the host the postmaster of another cluster. It
 * would then never start. Backends of a killed server are still noticed: by the shared memory that they hold, whose key
 * comes from the data directory's inode.
 */
export async function removeStaleLocks(data: string, socket: string): Promise<void> {
  for (const lock of [join(data, 'postmaster.pid'), join(socket, '.s.PGSQL.5432.lock')]) {
    const pid = await firstNumber(lock);
    if (pid !== null && !(await isPostmaster(pid, data))) await rm(lock, { force: true });
  }
}

async function firstNumber(file: string): Promise<number | null> {
  const number = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  return number > 0 ? number : null;
}

/** A postmaster has its data as working directory; a zombie has none (proc(5)). */
async function isPostmaster(pid: number, data: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(data));
  } catch (error) {
    return !['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

/** The postmaster and its children: those are killed with it, or they would hold its shared memory, and no next server could start. */
export async function withChildren(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}

/** One connection and back: 'ready', or why not. */
export async function probe(address: SocketAddress): Promise<'ready' | 'no-database' | Error> {
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return 'ready';
  } catch (error) {
    if ((error as { code?: string }).code === '3D000') return 'no-database'; // invalid_catalog_name
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    await client.end().catch(() => {});
  }
}

/** Makes the database of this address. */
export async function createDatabase(address: SocketAddress): Promise<void> {
  const client = new pg.Client({ ...address, database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`CREATE DATABASE "${address.database}"`);
  } finally {
    await client.end().catch(() => {});
  }
}
