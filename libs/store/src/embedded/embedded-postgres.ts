import { spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { delay } from '#lib/base';
import type { SocketAddress } from '../open-store.ts';
import type { Account } from './account.ts';
import { serverAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster, identity, majorOfData, role, writeAccessFiles } from './cluster.ts';
import type { Folders } from './folders.ts';
import { foldersOf, prepareFolders } from './folders.ts';
import { createDatabase, livingPostmaster, probe, removeStaleLocks, withChildren } from './postmaster.ts';

export interface EmbeddedPostgresOptions {
  stateDir: string;
  /** A short directory for the socket, for a state directory that is too long for one. */
  runDir: string;
  /** Tells when a process that is no child of ours ends (a server that an earlier daemon started). */
  watch: (pid: number) => { ended: Promise<void> };
  /** Told when the server died and when it is back: for the daemon's log. */
  report?: (message: string) => void;
  /** Folder of the server's binaries; found on the host when absent. */
  binaries?: string;
  /** How long a fast and an immediate shutdown may take. For specs. */
  stopWithinMs?: { fast: number; immediate: number };
  /** How long a first start puts up with what a server that was just killed leaves for a moment. For specs. */
  leftoversMs?: number;
  /** More settings of the server, over the built-in ones. For specs. */
  settings?: Readonly<Record<string, string>>;
}

interface Server {
  pid: number;
  ended: Promise<void>;
}

const settings = {
  listen_addresses: '',
  shared_buffers: '32MB',
  max_connections: '40',
  max_wal_size: '256MB',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
  cluster_name: 'lxctl',
};

const readyWithinMs = 60_000;
const stopWithinMs = { fast: 10_000, immediate: 3000 };
const firstPauseMs = 20;
const longestPauseMs = 5000;
const leftoversMs = 10_000;
/** A server that lived so long was well: it is started again at once. */
const healthyAfterMs = 10_000;
const logLimit = 4 * 1024 * 1024;

/**
 * A private Postgres under the state directory: unprivileged user, Unix socket only, peer authentication. It is no part
 * of the daemon's process group and outlives a killed daemon; the next one adopts it.
 *
 * INVARIANTS: at most one server at a time (`#server`); after `stop` was called none is started again.
 */
export class EmbeddedPostgres {
  readonly address: SocketAddress;
  readonly #options: EmbeddedPostgresOptions;
  readonly #folders: Folders;
  readonly #stopping = new AbortController();
  #server: Server | null = null;
  #supervision: Promise<void> = Promise.resolve();

  constructor(options: EmbeddedPostgresOptions) {
    this.#options = options;
    this.#folders = foldersOf(resolve(options.stateDir), resolve(options.runDir));
    this.address = { host: this.#folders.socket, user: role, database: 'lxctl' };
  }

  /** Process id of the server, null while there is none. */
  get pid(): number | null {
    return this.#server?.pid ?? null;
  }

  /** Adopts the server that runs, or makes the cluster where there is none and starts one. Resolves when it answers. */
  async start(): Promise<void> {
    const account = await serverAccount();
    await prepareFolders(this.#folders, account);
    const binaries = this.#options.binaries ?? (await findBinaries({ major: await majorOfData(this.#folders.data) }));
    const launch = async () => (await this.#adopt()) ?? (await this.#launch(binaries, account));
    this.#server = await this.#adopt();
    if (!this.#server) {
      await ensureCluster(binaries, this.#folders, account);
      this.#server = await this.#startPatiently(launch);
    }
    this.#supervision = this.#supervise(launch);
  }

  /**
   * Fast shutdown (SIGINT); immediate (SIGQUIT, which the next start recovers from) when that takes too long; and a server
   * that heeds neither, because it is stopped or hangs in the kernel, is killed with all its processes.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const server = this.#server;
    if (server) {
      const late = new AbortController();
      const { fast, immediate } = { ...stopWithinMs, ...this.#options.stopWithinMs };
      const ended = (ms: number) => Promise.race([server.ended.then(() => true), delay(ms, late.signal).then(() => false)]);
      signal(server.pid, 'SIGINT');
      if (!(await ended(fast))) {
        signal(server.pid, 'SIGQUIT');
        if (!(await ended(immediate))) for (const pid of await withChildren(server.pid)) signal(pid, 'SIGKILL');
      }
      late.abort();
      await server.ended;
    }
    await this.#supervision;
  }

  async #supervise(launch: () => Promise<Server>): Promise<void> {
    const { signal: stopping } = this.#stopping;
    for (let pause = firstPauseMs; this.#server; pause = Math.min(pause * 2, longestPauseMs)) {
      const since = Date.now();
      await this.#server.ended;
      this.#server = null;
      if (stopping.aborted) return;
      this.#options.report?.('the embedded PostgreSQL server ended; starting it again');
      if (Date.now() - since > healthyAfterMs) pause = firstPauseMs;
      else await delay(pause, stopping);
      this.#server = await this.#startForEver(launch);
      if (!this.#server) return;
      this.#options.report?.('the embedded PostgreSQL server is back');
      if (stopping.aborted) signal(this.#server.pid, 'SIGINT');
    }
  }

  /** With growing pauses, until it runs or `stop` was called (then null). */
  async #startForEver(launch: () => Promise<Server>): Promise<Server | null> {
    const { signal: stopping } = this.#stopping;
    for (let pause = firstPauseMs; !stopping.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
      try {
        return await launch();
      } catch (error) {
        this.#options.report?.((error as Error).message);
        await delay(pause, stopping);
      }
    }
    return null;
  }

  /**
   * At first start a failure is the caller's. But the backends of a server that was just killed hold its shared memory
   * for a moment, and then a new one refuses to start: so a few tries.
   */
  async #startPatiently(launch: () => Promise<Server>): Promise<Server> {
    const deadline = Date.now() + (this.#options.leftoversMs ?? leftoversMs);
    for (let pause = 20; ; pause *= 2) {
      try {
        return await launch();
      } catch (error) {
        if (this.#stopping.signal.aborted || !/shared memory|lock file/.test((error as Error).message) || Date.now() + pause > deadline)
          throw error;
        await delay(pause);
      }
    }
  }

  /** null when no server runs on these data, or the one that did was on its way out. */
  async #adopt(): Promise<Server | null> {
    const pid = await livingPostmaster(this.#folders.data);
    if (pid === null) return null;
    const server = { pid, ended: this.#options.watch(pid).ended };
    return (await this.#ready(server)) === 'ready' ? server : null;
  }

  /** Starts a server and resolves when it answers; rejects with the end of its log when it ends before that. */
  async #launch(binaries: string, account: Account): Promise<Server> {
    const { data, log, socket } = this.#folders;
    await removeStaleLocks(data, socket);
    const { hba, ident } = await writeAccessFiles(this.#folders, account);
    const options = { ...settings, ...this.#options.settings, unix_socket_directories: socket, hba_file: hba, ident_file: ident };
    const args = ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    await turnLog(log);
    const output = await open(log, 'a', 0o600);
    const from = (await output.stat()).size;
    try {
      const child = spawn(join(binaries, 'postgres'), args, {
        ...identity(account),
        cwd: '/',
        env: { PATH: binaries, LC_ALL: 'C' },
        // A session of its own: a terminal's ^C, and the end of the daemon, are not for it.
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
      });
      const ended = new Promise<void>((done) => {
        child.once('exit', () => done());
        child.once('error', () => done());
      });
      child.unref();
      const server = { pid: child.pid ?? 0, ended };
      this.#server = server; // from now on `stop` ends it
      const outcome = await this.#ready(server);
      if (!(outcome instanceof Error)) return server;
      this.#server = null;
      throw new Error(`The embedded PostgreSQL server did not start on the data in ${data}: ${await tail(log, from)}`, { cause: outcome });
    } finally {
      await output.close();
    }
  }

  /** Waits until the server answers. Recovery after a crash may take a while: as long as the process lives, we wait. */
  async #ready(server: Server): Promise<'ready' | Error> {
    let over = false;
    void server.ended.then(() => {
      over = true;
    });
    const deadline = Date.now() + readyWithinMs;
    for (let pause = 4; !over; pause = Math.min(pause * 1.5, 100)) {
      const outcome = await probe(this.address);
      if (outcome === 'no-database') await createDatabase(this.address);
      if (!(outcome instanceof Error) && !over) return 'ready';
      if (Date.now() > deadline) {
        signal(server.pid, 'SIGQUIT');
        break;
      }
      await Promise.race([delay(pause), server.ended]);
    }
    return new Error(over ? 'the server ended' : 'the server does not answer');
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Keeps one older log. The server writes to the file it was started with, so this is done before a start. */
async function turnLog(log: string): Promise<void> {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > logLimit) await rename(log, `${log}.1`);
}

async function tail(log: string, from: number): Promise<string> {
  const text = (await readFile(log)).subarray(from).toString('utf8').trim();
  return text.slice(-1000) || 'it wrote nothing to its log';
}
