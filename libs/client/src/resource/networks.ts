import type { StringMap } from '#lib/base';
import type { WireNetwork, WireNetworkLease, WireNetworkState } from '#lib/contract';
import { type Api, segment } from '../api.ts';
import type { Reply } from '../envelope.ts';

export class NetworksClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(): Promise<WireNetwork[]> {
    return this.#api.get('/1.0/networks', { recursion: 1 });
  }

  get(name: string): Promise<WireNetwork> {
    return this.#api.get(path(name));
  }

  read(name: string): Promise<Reply<WireNetwork>> {
    return this.#api.read(path(name));
  }

  state(name: string): Promise<WireNetworkState> {
    return this.#api.get(`${path(name)}/state`);
  }

  leases(name: string): Promise<WireNetworkLease[]> {
    return this.#api.get(`${path(name)}/leases`);
  }

  create(body: { name: string; type: string; description: string; config: StringMap }): Promise<void> {
    return this.#api.send('POST', '/1.0/networks', body);
  }

  replace(name: string, body: { config: StringMap; description: string }, etag?: string | null): Promise<void> {
    return this.#api.send('PUT', path(name), body, etag);
  }

  rename(name: string, newName: string): Promise<void> {
    return this.#api.send('POST', path(name), { name: newName });
  }

  delete(name: string): Promise<void> {
    return this.#api.send('DELETE', path(name));
  }
}

function path(name: string): string {
  return `/1.0/networks/${segment(name)}`;
}
