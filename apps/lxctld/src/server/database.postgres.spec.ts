import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { EmbeddedPostgres } from '#lib/store';
import { pollingWatch, sqlOn, temporaryFolder } from '../../../../libs/store/src/testing.ts';
import type { DaemonSettings } from '../settings.ts';
import { openDatabase } from './database.ts';
import type { Log } from './log.ts';
import { Reserve } from './reserve.ts';

let stateDir: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  stateDir = await temporaryFolder();
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await rm(stateDir, { recursive: true, force: true });
}, 60_000);

interface Line {
  message: string;
  fields: Record<string, unknown>;
}

function parts(databaseUrl: string | null, change: Partial<Parameters<typeof openDatabase>[0]> = {}) {
  const lines: Line[] = [];
  const first = new Deferred<void>();
  const warn = (fields: unknown, message = '') => {
    lines.push({ message: typeof fields === 'string' ? fields : message, fields: fields as Record<string, unknown> });
    first.resolve();
  };
  const settings: DaemonSettings = {
    stateDir,
    runDir: join(stateDir, 'run'),
    databaseUrl,
    version: '0.1.0',
    homeDir: '/',
    databasePatienceMs: 2000,
    logLevel: 'info',
  };
  const log = { warn } as unknown as Log;
  return {
    lines,
    first: first.promise,
    parts: {
      settings,
      log,
      reserve: new Reserve({ directory: stateDir, report: () => {} }),
      stopping: new AbortController().signal,
      lost: () => {},
      ...change,
    },
  };
}

async function postgresProcesses(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    const command = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
    if (command.includes('postgres') && command.includes(stateDir)) found.push(pid);
  }
  return found;
}

describe('a database that is not there yet', () => {
  it('is waited for, and the log says which, where and why', async () => {
    const server = new EmbeddedPostgres({ stateDir, runDir: join(stateDir, 'run'), watch: pollingWatch });
    // A new server listens before it has the database, and one that is asked in between says that there is none.
    await server.start();
    await server.stop();
    const { lines, first, parts: given } = parts(`postgresql:///lxctl?host=${server.address.host}&user=lxctl&password=secret`);
    const opening = openDatabase(given);
    await first;
    expect(lines[0]).toMatchObject({
      message: 'waiting for the database',
      fields: { host: server.address.host, port: 5432, reason: expect.stringContaining('ENOENT') },
    });
    expect(JSON.stringify(lines)).not.toContain('secret');
    ends.push(() => server.stop());
    await server.start();
    const { store } = await opening;
    expect(await store.instances.list(null)).toEqual([]);
    await store.close();
  }, 60_000);

  it('is waited for no longer than until the daemon is told to stop', async () => {
    const stop = new AbortController();
    const { first, parts: given } = parts('postgresql://localhost:1/none', { stopping: stop.signal });
    const opening = openDatabase(given);
    opening.catch(() => {});
    await first;
    stop.abort(new Error('stop'));
    await expect(opening).rejects.toThrow('stop');
  }, 60_000);
});

describe('a start that fails', () => {
  it('because of a newer schema ends the embedded server again', async () => {
    const { parts: given } = parts(null);
    const database = await openDatabase(given);
    await sqlOn(
      { host: join(stateDir, 'postgres/socket'), user: 'lxctl', database: 'lxctl' },
      "INSERT INTO migration (timestamp, name) VALUES (9999999999999, 'Later9999999999999')",
    );
    await database.store.close();
    await database.stop();
    await expect(openDatabase(given)).rejects.toThrow('The database has the schema Later9999999999999');
    expect(await postgresProcesses()).toEqual([]);
  }, 60_000);

  it('because of damaged data names their directory', async () => {
    const data = join(stateDir, 'postgres', 'data');
    await mkdir(data, { recursive: true });
    await writeFile(join(data, 'postgresql.conf'), '');
    await expect(openDatabase(parts(null).parts)).rejects.toThrow(`The database in ${data} is damaged`);
    await rm(data, { recursive: true });
    const database = await openDatabase(parts(null).parts);
    await database.store.close();
    await database.stop();
    await writeFile(join(data, 'global', 'pg_control'), 'rubbish');
    await expect(openDatabase(parts(null).parts)).rejects.toThrow(`did not start on the data in ${data}`);
    expect(await postgresProcesses()).toEqual([]);
  }, 60_000);
});
