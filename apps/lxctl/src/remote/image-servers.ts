import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../run/io.ts';
import { CommandError } from '../run/verb.ts';

/** A server of images, as the configuration of LXD's client has it. */
export interface ImageServer {
  addr: string;
  protocol: 'simplestreams';
  public: true;
}

/** What every user has until something else is said. */
const known: Readonly<Record<string, string>> = {
  images: 'https://images.linuxcontainers.org',
  ubuntu: 'https://cloud-images.ubuntu.com/releases',
  'ubuntu-daily': 'https://cloud-images.ubuntu.com/daily',
};

/** The server for names that name none, as `debian/12`. */
const usual = 'images';

/** An image of a server. */
export interface RemoteImage {
  server: string;
  protocol: 'simplestreams';
  alias: string;
}

/** The user's servers of images: those that everybody has, changed by `config.yml`, which is like that of LXD's client. */
export class ImageServers {
  readonly #directory: string;

  constructor({ env }: Pick<Io, 'env'>) {
    this.#directory = env.LXCTL_CONF || join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'lxctl');
  }

  /** CommandError for a file that says something else. */
  async all(): Promise<Record<string, ImageServer>> {
    const { remotes } = await this.#read();
    const own = Object.entries(remotes).filter(([, server]) => server !== null);
    const usually = Object.entries(known).filter(([name]) => !Object.hasOwn(remotes, name));
    const made = usually.map(([name, addr]): [string, ImageServer] => [name, { addr, protocol: 'simplestreams', public: true }]);
    return Object.fromEntries([...made, ...own].sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, ImageServer>;
  }

  /**
   * What `ubuntu`, `ubuntu/24.04`, `ubuntu:24.04` or `debian/12` mean; null: nothing that a server has. Without a name of an
   * image it is the server's `default`. CommandError for a server that nobody has named.
   */
  async resolve(typed: string): Promise<RemoteImage | null> {
    const servers = await this.all();
    const at = typed.indexOf(':');
    if (at >= 0) {
      const name = typed.slice(0, at);
      return image(this.#named(servers, name), typed.slice(at + 1));
    }
    const [first = '', ...rest] = typed.split('/');
    if (Object.hasOwn(servers, first)) return image(this.#named(servers, first), rest.join('/'));
    return rest.length > 0 ? image(this.#named(servers, usual), typed) : null;
  }

  /** CommandError for a name that is taken. */
  async add(name: string, addr: string): Promise<void> {
    if (name === 'local' || Object.hasOwn(await this.all(), name)) throw new CommandError(`Remote ${name} exists`);
    await this.#change((remotes) => ({ ...remotes, [name]: { addr, protocol: 'simplestreams', public: true } }));
  }

  async rename(name: string, newName: string): Promise<void> {
    const { addr } = this.#named(await this.all(), name);
    await this.add(newName, addr);
    await this.remove(name);
  }

  async setUrl(name: string, addr: string): Promise<void> {
    this.#named(await this.all(), name);
    await this.#change((remotes) => ({ ...remotes, [name]: { addr, protocol: 'simplestreams', public: true } }));
  }

  async remove(name: string): Promise<void> {
    this.#named(await this.all(), name);
    // One that everybody has is kept out by an entry that says so.
    await this.#change(({ [name]: _, ...rest }) => (Object.hasOwn(known, name) ? { ...rest, [name]: null } : rest));
  }

  #named(servers: Record<string, ImageServer>, name: string): ImageServer {
    const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
    if (server) return server;
    throw new CommandError(
      `The remote "${name}" doesn't exist; there is ${['local', ...Object.keys(servers)].join(', ')} (lxctl remote list)`,
    );
  }

  get #file(): string {
    return join(this.#directory, 'config.yml');
  }

  async #read(): Promise<{ document: Record<string, unknown>; remotes: Record<string, ImageServer | null> }> {
    const text = await readFile(this.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
      throw new CommandError(`Cannot read ${this.#file}: ${error.message}`);
    });
    const { parse } = await import('yaml');
    try {
      const document = (parse(text) ?? {}) as Record<string, unknown>;
      const remotes = (document.remotes ?? {}) as Record<string, ImageServer | null>;
      for (const [name, server] of Object.entries(remotes)) {
        if (server !== null && (server.protocol !== 'simplestreams' || typeof server.addr !== 'string'))
          throw new Error(`the remote ${name} is no image server (addr, protocol: simplestreams)`);
      }
      return { document, remotes };
    } catch (error) {
      throw new CommandError(`${this.#file}: ${(error as Error).message}`);
    }
  }

  async #change(change: (remotes: Record<string, ImageServer | null>) => Record<string, ImageServer | null>): Promise<void> {
    const { document, remotes } = await this.#read();
    const { stringify } = await import('yaml');
    const fresh = `${this.#file}.${process.pid}`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFile(fresh, stringify({ ...document, remotes: change(remotes) }), { mode: 0o600 });
      await rename(fresh, this.#file);
    } catch (error) {
      throw new CommandError(`Cannot write ${this.#file}: ${(error as Error).message}`);
    }
  }
}

function image({ addr, protocol }: ImageServer, alias: string): RemoteImage {
  return { server: addr, protocol, alias: alias || 'default' };
}
