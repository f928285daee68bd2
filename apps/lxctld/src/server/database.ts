import { delay } from '#lib/base';
import { isLxError } from '#lib/contract';
import { LinuxProcesses } from '#lib/host';
import { type Disk, EmbeddedPostgres, openStore, type Store, type StoreAddress } from '#lib/store';
import type { DaemonSettings } from '../settings.ts';
import { serverIdentity } from './identity.ts';
import type { Log } from './log.ts';
import type { Reserve } from './reserve.ts';

export interface Database {
  store: Store;
  /** Ends the server, when it is the embedded one; after `store.close`. */
  stop(): Promise<void>;
}

export interface DatabaseParts {
  settings: DaemonSettings;
  log: Log;
  /** The daemon is told to stop while it still waits for its database. */
  stopping: AbortSignal;
  /** Room for the embedded server's data when the disk is full. */
  reserve: Reserve;
  /** Another server took the database: this daemon has to end. */
  lost: (reason: string) => void;
}

const longestPauseMs = 10_000;
const noRoom = /No space left on device|ENOSPC/;

/** The database of these settings. When it cannot be opened, what was started for it is ended again. */
export async function openDatabase(parts: DatabaseParts): Promise<Database> {
  const { settings } = parts;
  if (settings.databaseUrl) {
    const store = await openPatiently(parts, { databaseUrl: settings.databaseUrl });
    return { store, stop: async () => {} };
  }
  const server = embeddedServer(parts);
  const stop = () => server.stop();
  parts.stopping.addEventListener('abort', stop);
  try {
    await startOnFullDisk(server, parts.reserve);
    const disk = { directory: settings.stateDir, makeRoom: () => parts.reserve.giveUp() };
    return { store: await openPatiently(parts, { socket: server.address }, disk), stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    parts.stopping.removeEventListener('abort', stop);
  }
}

/** A server that finds no room to start gets the reserve. */
async function startOnFullDisk(server: EmbeddedPostgres, reserve: Reserve): Promise<void> {
  for (;;) {
    try {
      return await server.start();
    } catch (error) {
      if (!noRoom.test((error as Error).message) || !reserve.giveUp()) throw error;
    }
  }
}

function embeddedServer({ settings, log, reserve }: DatabaseParts): EmbeddedPostgres {
  const processes = new LinuxProcesses();
  return new EmbeddedPostgres({
    stateDir: settings.stateDir,
    runDir: settings.runDir,
    stopWithinMs: { fast: settings.databasePatienceMs, immediate: settings.databasePatienceMs * 0.3 },
    watch: (pid) => ({ ended: processes.open(pid).then((handle) => handle?.ended.then(() => handle.close())) }),
    report: (message) => {
      log.warn(message);
      // A server that could not write its own log ends, and needs room to start again.
      if (noRoom.test(message)) reserve.giveUp();
    },
  });
}

/** A daemon may boot before its database, so it keeps trying; what trying again does not mend is thrown. */
async function openPatiently({ settings, log, stopping, lost }: DatabaseParts, address: StoreAddress, disk?: Disk): Promise<Store> {
  const identity = serverIdentity(settings);
  for (let pause = 250; ; pause = Math.min(pause * 2, longestPauseMs)) {
    stopping.throwIfAborted();
    try {
      return await openStore(address, identity, { lost, patienceMs: settings.databasePatienceMs, ...(disk ? { disk } : {}) });
    } catch (error) {
      if (!isLxError(error, 'database.unavailable')) throw error;
      log.warn({ ...whereabouts(address), reason: reasonOf(error) }, 'waiting for the database');
      await delay(pause, stopping);
    }
  }
}

/** Of the log: no password. */
function whereabouts(address: StoreAddress): { host: string; port?: number } {
  if ('socket' in address) return { host: address.socket.host };
  const url = new URL(address.databaseUrl);
  const host = url.searchParams.get('host') ?? (decodeURIComponent(url.hostname) || 'localhost');
  return { host, port: Number(url.searchParams.get('port') ?? url.port) || 5432 };
}

/** The innermost words: those of the socket or of Postgres. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
