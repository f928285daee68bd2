import type { StringMap } from '#lib/base';
import type { WirePool, WirePoolResources, WireVolume } from '#lib/contract';
import { type Api, segment } from '../api.ts';
import type { Reply } from '../envelope.ts';

export class PoolsClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(): Promise<WirePool[]> {
    return this.#api.get('/1.0/storage-pools', { recursion: 1 });
  }

  get(name: string): Promise<WirePool> {
    return this.#api.get(path(name));
  }

  read(name: string): Promise<Reply<WirePool>> {
    return this.#api.read(path(name));
  }

  resources(name: string): Promise<WirePoolResources> {
    return this.#api.get(`${path(name)}/resources`);
  }

  volumes(name: string): Promise<WireVolume[]> {
    return this.#api.get(`${path(name)}/volumes`, { recursion: 1 });
  }

  create(body: { name: string; driver: string; description: string; config: StringMap }): Promise<void> {
    return this.#api.send('POST', '/1.0/storage-pools', body);
  }

  replace(name: string, body: { config: StringMap; description: string }, etag?: string | null): Promise<void> {
    return this.#api.send('PUT', path(name), body, etag);
  }

  delete(name: string): Promise<void> {
    return this.#api.send('DELETE', path(name));
  }
}

function path(name: string): string {
  return `/1.0/storage-pools/${segment(name)}`;
}
