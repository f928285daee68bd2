import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { Deferred, delay } from '#lib/base';
import { LxError } from '#lib/contract';
import { type FileSession, SftpClient } from '#lib/host';

/** A server of files that has just been started. */
export interface ServedFiles extends Pick<FileSession, 'kill'> {
  stream: Duplex;
  /** Called, and waited for, before the server is taken away from those who use it. Set by who started it. */
  onClosing?: () => Promise<void>;
}

/** All in milliseconds. */
export interface ServerTimes {
  /** How long a file system may take for one answer. */
  answer: number;
  /** How long a server that nobody uses is kept. */
  idle: number;
  /** How long those who use a server may go on when it is to be taken away. */
  grace: number;
  /** How long they have then to take back what they have begun. */
  undo: number;
}

export const usualTimes: ServerTimes = { answer: 10_000, idle: 5000, grace: 5000, undo: 2000 };

/** What a request has of a server until it calls `leave`. */
export interface Visit {
  client: SftpClient;
  leave: () => void;
  /** Aborted, with what to tell the caller, when it has to come to an end. */
  signal: AbortSignal;
}

interface Server {
  client: SftpClient;
  users: number;
  /** Runs while nobody uses it. */
  timer: NodeJS.Timeout | null;
  stop: AbortController;
  /** Resolves when the last of its users has left; null: nobody waits for that. */
  empty: Deferred<void> | null;
}

/**
 * One server of files an instance, made when it is first needed, shared by all who ask meanwhile, and kept for a while: a client
 * that pushes a tree asks for each file anew.
 */
export class SharedServers {
  readonly #servers = new Map<string, Promise<Server>>();
  readonly #open: (id: string) => Promise<ServedFiles>;
  readonly #times: ServerTimes;

  constructor(open: (id: string) => Promise<ServedFiles>, times: ServerTimes = usualTimes) {
    this.#open = open;
    this.#times = times;
  }

  /** Seconds that an answer may take. */
  get patience(): number {
    return this.#times.answer / 1000;
  }

  /** The client of the instance's server. Rejects with what the start of a server rejects. */
  async enter(id: string): Promise<Visit> {
    const server = await this.#living(id);
    server.users += 1;
    if (server.timer) clearTimeout(server.timer);
    server.timer = null;
    let inside = true;
    const leave = () => {
      if (!inside) return;
      inside = false;
      server.users -= 1;
      if (server.users > 0) return;
      server.empty?.resolve();
      if (server.client.open) server.timer = setTimeout(() => server.client.close(), this.#times.idle).unref();
    };
    return { client: server.client, leave, signal: server.stop.signal };
  }

  /** Ends all; whoever is inside fails. */
  close(): void {
    for (const server of this.#servers.values()) void server.then(({ client }) => client.close()).catch(() => undefined);
  }

  async #living(id: string): Promise<Server> {
    for (;;) {
      const known = this.#servers.get(id);
      if (!known) return this.#make(id);
      const server = await known;
      if (server.client.open && !server.stop.signal.aborted && !server.empty) return server;
      this.#forget(id, known);
    }
  }

  #make(id: string): Promise<Server> {
    const making = this.#start(id);
    this.#servers.set(id, making);
    making.then(
      ({ client }) => client.closed.then(() => this.#forget(id, making)),
      () => this.#forget(id, making),
    );
    return making;
  }

  async #start(id: string): Promise<Server> {
    const served = await this.#open(id);
    const client = new SftpClient(served.stream, { deadline: this.#times.answer, stuck: () => served.kill() });
    const server: Server = { client, users: 0, timer: null, stop: new AbortController(), empty: null };
    served.onClosing = () => this.#retire(server);
    // Each request listens.
    setMaxListeners(0, server.stop.signal);
    await client.greet();
    return server;
  }

  /** Nobody enters any more; those who are inside may finish, for a while, then take back what they have begun. */
  async #retire(server: Server): Promise<void> {
    const empty = (server.empty ??= new Deferred());
    if (server.users === 0) empty.resolve();
    for (const patience of [this.#times.grace, this.#times.undo]) {
      const enough = new AbortController();
      await Promise.race([empty.promise, server.client.closed, delay(patience, enough.signal)]);
      enough.abort();
      if (server.users === 0) break;
      server.stop.abort(new LxError('file.closed'));
    }
    server.client.close();
  }

  #forget(id: string, server: Promise<Server>): void {
    if (this.#servers.get(id) === server) this.#servers.delete(id);
  }
}
