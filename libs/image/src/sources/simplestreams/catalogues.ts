import { type Catalogue, type LoadedCatalogue, loadCatalogue, type Web } from '#lib/streams';

/** What nobody has asked for so long is forgotten: one has megabytes. */
const idleMs = 10 * 60_000;
const mostKept = 8;

interface Asked {
  web: Web;
  server: URL;
  /** The certificate that the server is asked with, '' for none. */
  trust: string;
  signal: AbortSignal;
}

interface Kept {
  loaded: LoadedCatalogue;
  idle: NodeJS.Timeout;
}

/** What image servers have. What was read is remembered for a while, so that a server sends only what has changed. */
export class Catalogues {
  readonly #architecture: string;
  readonly #kept = new Map<string, Kept>();

  /** `architecture`: the kernel's name of the host's. */
  constructor(architecture: string) {
    this.#architecture = architecture;
  }

  /** LxError 'remote.unreachable', 'remote.malformed'. */
  async of({ web, server, trust, signal }: Asked): Promise<Catalogue> {
    const key = `${server.href} ${trust}`;
    const kept = this.#kept.get(key);
    const loaded = await loadCatalogue({ web, server, architecture: this.#architecture, signal }, kept?.loaded);
    this.#keep(key, loaded);
    return loaded.catalogue;
  }

  #keep(key: string, loaded: LoadedCatalogue): void {
    clearTimeout(this.#kept.get(key)?.idle);
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= mostKept && oldest !== undefined) this.#forget(oldest);
    const idle = setTimeout(() => this.#forget(key), idleMs);
    idle.unref();
    this.#kept.set(key, { loaded, idle });
  }

  #forget(key: string): void {
    clearTimeout(this.#kept.get(key)?.idle);
    this.#kept.delete(key);
  }
}
