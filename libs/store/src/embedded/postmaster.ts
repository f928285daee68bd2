import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { SocketAddress } from '../open-store.ts';

/** Process id of a server that runs on these data, from its postmaster.pid; null when there is none. */
export async function livingPostmaster(data: string): Promise<number | null> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  // The file survives a crash of the host and pids come round: a postmaster has its data as working directory.
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  return folder === data && isAlive(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')) ? pid : null;
}

/** Not a zombie: a killed server whose parent has not reaped it yet still has a /proc entry (proc(5), state). */
function isAlive(stat: string): boolean {
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return state !== '' && !'ZX'.includes(state);
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
