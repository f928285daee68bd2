import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '#lib/host';
import type { ServerIdentity } from '#lib/store';
import type { DaemonSettings } from '../settings.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Who this server is: its id stays with the state directory, in the file `server.id`, made at the first start. */
export function serverIdentity({ stateDir, version }: Pick<DaemonSettings, 'stateDir' | 'version'>): ServerIdentity {
  return { id: idOf(join(stateDir, 'server.id')), name: hostname(), address: join(stateDir, 'unix.socket'), version };
}

function idOf(file: string): string {
  const text = read(file);
  if (text !== null) {
    if (uuid.test(text)) return text;
    throw new Error(`${file} is damaged: it should hold the id of this server, and holds ${JSON.stringify(text.slice(0, 40))}.`);
  }
  const id = randomUUID();
  // Whole or not at all, also when the host loses power in between.
  writeFileSync(`${file}.new`, `${id}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return id;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
