import type { Readable } from 'node:stream';
import { isLxError, LxError } from '#lib/contract';
import { type FileAttributes, fileFlags, type FileHandle, isErrno, type Keeper, putSize, type SftpClient, SftpError } from '#lib/host';
import { pipeStream } from '../session/stream.ts';
import type { Supervision } from '../supervision.ts';
import { fileFailure } from './failures.ts';
import { fileContent } from './file-content.ts';
import { type Beginning, beginningOf, wholeOf } from './beginning.ts';
import type { FileOwner, FileOwners } from './file-owners.ts';
import type { FileRooms } from './file-rooms.ts';
import { interruptible } from './interruptible.ts';
import { type ServedFiles, type ServerTimes, SharedServers, type Visit } from './shared-servers.ts';

export interface FileFacts {
  /** A pipe, a socket or a device counts as a file, as in LXD, but has no content. */
  type: 'file' | 'directory' | 'symlink';
  uid: number;
  gid: number;
  /** Permissions alone. */
  mode: number;
  modified: Date;
  /** In bytes. */
  size: number;
}

export type FoundFile =
  | { facts: FileFacts; names: string[] }
  | { facts: FileFacts; target: Buffer }
  /** `length`: what `content` will yield, or fail; null where only its end tells (proc(5)). */
  | { facts: FileFacts; length: number | null; content: Readable };

/** What is made gets these; what is there already keeps its own. */
export interface NewFile {
  uid: number;
  gid: number;
  /** null: as is usual for the type. */
  mode: number | null;
}

/** S_IFMT and its values (inode(7)). */
const kind = { mask: 0o170000, directory: 0o040000, link: 0o120000, regular: 0o100000 };
const setIds = 0o6000;
/** LXD's. */
const usualMode = { file: 0o644, directory: 0o750 };

interface Using {
  supervision: Supervision;
  rooms: FileRooms;
  owners: FileOwners;
}

/**
 * The files of instances, by path, as root of the instance sees them. Every path is resolved by the kernel below the instance's own
 * root, by a process in its namespaces, or in a room where it does not run: nothing here looks at a path.
 */
export class InstanceFiles {
  readonly #rooms: FileRooms;
  readonly #owners: FileOwners;
  readonly #servers: SharedServers;
  readonly #serve: (id: string) => Promise<ServedFiles>;
  readonly #served = new Set<ServedFiles>();

  constructor(using: Using, times?: ServerTimes) {
    this.#rooms = using.rooms;
    this.#owners = using.owners;
    this.#serve = (id) => served(using, id);
    this.#servers = new SharedServers(this.#serve, times);
  }

  /** LxError 'instance.not_found'. */
  owner(project: string, name: string): Promise<FileOwner> {
    return this.#owners.of(project, name);
  }

  /** What is there; a link is not followed. */
  facts(row: FileOwner, path: string): Promise<FileFacts> {
    return this.#in(row, 'lstat', path, async (client) => factsOf(await client.stat(path, false)));
  }

  /** What is there, with its names, target or content. The content must be read, or destroyed. */
  async look(row: FileOwner, path: string): Promise<FoundFile> {
    const visit = await this.#enter(row.id, 'open', path);
    const { client, leave } = visit;
    let reading = false;
    try {
      const attributes = await client.stat(path, false);
      const facts = factsOf(attributes);
      if (facts.type === 'directory') return { facts, names: await namesOf(client, path) };
      if (facts.type === 'symlink') return { facts, target: await client.readLink(path) };
      const handle = await client.openFile(path, fileFlags.read, 0);
      reading = true;
      return await this.#content(visit, handle, path);
    } catch (error) {
      throw this.#failure(error, 'open', path);
    } finally {
      if (!reading) leave();
    }
  }

  /** Gives what the file holds; an existing one keeps its owner and mode. What could not be made whole is not left. */
  write(row: FileOwner, path: string, how: NewFile & { append: boolean }, content: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#in(row, 'open', path, async (client, signal) => {
      const beginning = await beginningOf(interruptible(content, signal), putSize);
      try {
        await give(client, path, { ...how, mode: how.mode ?? usualMode.file }, beginning);
      } finally {
        await beginning.rest?.return?.();
      }
    });
  }

  /** A directory that is there stays as it is. */
  makeDirectory(row: FileOwner, path: string, how: NewFile): Promise<void> {
    return this.#in(row, 'mkdir', path, async (client) => {
      const mode = how.mode ?? usualMode.directory;
      try {
        await client.makeDirectory(path, mode);
      } catch (error) {
        if (isCode(error, 'EEXIST') && ((await client.stat(path, true)).mode & kind.mask) === kind.directory) return;
        throw error;
      }
      await orUndone(
        () => client.set(path, { owner: how, mode }),
        () => client.removeDirectory(path),
      );
    });
  }

  makeLink(row: FileOwner, path: string, target: Buffer, owner: { uid: number; gid: number }): Promise<void> {
    return this.#in(row, 'symlink', path, async (client) => {
      await client.makeLink(target, path);
      await orUndone(
        () => client.setLink(path, { owner }),
        () => client.remove(path),
      );
    });
  }

  /** A file, or an empty directory. */
  remove(row: FileOwner, path: string): Promise<void> {
    return this.#in(row, 'remove', path, async (client) => {
      try {
        await client.remove(path);
      } catch (error) {
        if (!isCode(error, 'EISDIR')) throw error;
        await client.removeDirectory(path);
      }
    });
  }

  /** A server of files for one client, who speaks SFTP with it and kills it in the end; it ends with its stream, or the instance. */
  async serve({ id }: FileOwner): Promise<ServedFiles> {
    const session = await this.#serve(id);
    this.#served.add(session);
    session.stream.once('close', () => this.#served.delete(session));
    return session;
  }

  /** Resolves when nothing of an instance that does not run is mounted any more. */
  async close(): Promise<void> {
    this.#servers.close();
    for (const { stream, kill } of this.#served) {
      stream.destroy();
      kill();
    }
    await this.#rooms.close();
  }

  async #in<T>({ id }: FileOwner, what: string, path: string, work: (client: SftpClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { client, leave, signal } = await this.#enter(id, what, path);
    try {
      return await work(client, signal);
    } catch (error) {
      throw this.#failure(error, what, path);
    } finally {
      leave();
    }
  }

  /** A server may be taken away, or end with its instance, just when it has been started: then there is another one. */
  async #enter(id: string, what: string, path: string): Promise<Visit> {
    try {
      return await this.#servers.enter(id).catch((error: unknown) => {
        if (isCode(error, 'ECONNRESET')) return this.#servers.enter(id);
        throw error;
      });
    } catch (error) {
      throw this.#failure(error, what, path);
    }
  }

  async #content({ client, leave, signal }: Visit, handle: FileHandle, path: string): Promise<FoundFile> {
    const close = () => client.closeHandle(handle).catch(() => undefined);
    try {
      const facts = factsOf(await client.statHandle(handle));
      // Files of the kernel have no size and a content all the same.
      const length = facts.size > 0 ? facts.size : null;
      const failure = (error: unknown) => this.#failure(error, 'read', path);
      const short = () => new LxError('file.failed', { what: 'read', path, reason: 'the file became shorter meanwhile' });
      const content = fileContent({ chunks: client.read(handle), length, failure, short, close: () => void close().finally(leave) });
      const stop = () => content.destroy(signal.reason as Error);
      signal.addEventListener('abort', stop);
      content.once('close', () => signal.removeEventListener('abort', stop));
      return { facts, length, content };
    } catch (error) {
      await close();
      leave();
      throw error;
    }
  }

  #failure(error: unknown, what: string, path: string): unknown {
    return fileFailure(error, what, path, this.#servers.patience);
  }
}

/** Where the instance is: it may start or stop while it is looked for. */
async function served({ supervision, rooms }: Pick<Using, 'supervision' | 'rooms'>, id: string): Promise<ServedFiles> {
  for (;;) {
    const keeper = supervision.get(id);
    if (keeper) return inside(keeper);
    const server = await rooms.serve(id);
    if (!server) continue;
    const { session, left } = server;
    const served: ServedFiles = { stream: pipeStream(session.fd, 'both'), kill: () => session.kill() };
    served.stream.once('close', left);
    server.onClosing = async () => served.onClosing?.();
    return served;
  }
}

async function inside(keeper: Keeper): Promise<ServedFiles> {
  try {
    const session = await keeper.files();
    return { stream: pipeStream(session.fd, 'both'), kill: () => session.kill() };
  } catch (error) {
    if (isErrno(error, 'ENOSYS')) throw new LxError('file.old_keeper', undefined, { cause: error });
    throw isLxError(error, 'instance.not_running') ? new LxError('file.interrupted', undefined, { cause: error }) : error;
  }
}

/** In one request where it is short, and the server knows how. */
async function give(
  client: SftpClient,
  path: string,
  how: { uid: number; gid: number; mode: number; append: boolean },
  content: Beginning,
) {
  const { append, mode } = how;
  if (content.rest === null && client.puts) return client.put(path, { owner: how, mode }, append, Buffer.concat(content.chunks));
  const { handle, fresh } = await opened(client, path, append, mode);
  const made = fresh ? () => client.setHandle(handle, { owner: how, mode }) : async () => {};
  const filled = async () => {
    try {
      await Promise.all([made(), client.write(handle, wholeOf(content))]);
      // A write takes them off, for only root of the host would keep them (inode(7)).
      if (fresh && mode & setIds) await client.setHandle(handle, { mode });
    } finally {
      await client.closeHandle(handle).catch(() => undefined);
    }
  };
  return fresh ? orUndone(filled, () => client.remove(path)) : filled();
}

/** `fresh`: made by this call, and nobody else's. */
async function opened(client: SftpClient, path: string, append: boolean, mode: number): Promise<{ handle: FileHandle; fresh: boolean }> {
  const attempts = [
    [fileFlags.fresh, 'EEXIST'],
    [append ? fileFlags.extend : fileFlags.replace, 'ENOENT'],
  ] as const;
  for (const [flags, otherwise] of attempts) {
    try {
      return { handle: await client.openFile(path, flags, mode), fresh: flags === fileFlags.fresh };
    } catch (error) {
      if (!isCode(error, otherwise)) throw error;
    }
  }
  // A link that leads to nothing yet.
  return { handle: await client.openFile(path, append ? fileFlags.append : fileFlags.overwrite, mode), fresh: true };
}

async function namesOf(client: SftpClient, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of client.entries(path)) names.push(name);
  return names.sort();
}

function factsOf({ mode, uid, gid, size, modified }: FileAttributes): FileFacts {
  const type = (mode & kind.mask) === kind.directory ? 'directory' : (mode & kind.mask) === kind.link ? 'symlink' : 'file';
  return { type, uid, gid, mode: mode & 0o7777, size, modified: new Date(modified * 1000) };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof SftpError && error.code === code;
}

async function orUndone(work: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await undo().catch(() => undefined);
    throw error;
  }
}
