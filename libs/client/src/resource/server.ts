import type { StringMap } from '#lib/base';
import type { WireServer } from '#lib/contract';
import type { Api } from '../api.ts';
import type { Reply } from '../envelope.ts';

export class ServerClient {
  #known: Promise<WireServer> | null = null;

  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  get(): Promise<WireServer> {
    return this.#api.get('/1.0');
  }

  read(): Promise<Reply<WireServer>> {
    return this.#api.read('/1.0');
  }

  replace(config: StringMap, etag?: string | null): Promise<void> {
    return this.#api.send('PUT', '/1.0', { config }, etag);
  }

  /** Merges keys; an empty value takes the key away. */
  merge(config: StringMap): Promise<void> {
    return this.#api.send('PATCH', '/1.0', { config });
  }

  /** Whether the server announces the extension; asked once. */
  async has(extension: string): Promise<boolean> {
    this.#known ??= this.get();
    return (await this.#known).api_extensions.includes(extension);
  }

  resources(): Promise<Record<string, unknown>> {
    return this.#api.get('/1.0/resources');
  }
}
