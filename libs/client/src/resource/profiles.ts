import type { WireProfile, WireProfilePut, WireProfilesPost } from '#lib/contract';
import { type Api, segment } from '../api.ts';
import type { Reply } from '../envelope.ts';

export class ProfilesClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(): Promise<WireProfile[]> {
    return this.#api.get('/1.0/profiles', { recursion: 1 });
  }

  get(name: string): Promise<WireProfile> {
    return this.#api.get(path(name));
  }

  read(name: string): Promise<Reply<WireProfile>> {
    return this.#api.read(path(name));
  }

  create(body: WireProfilesPost): Promise<void> {
    return this.#api.send('POST', '/1.0/profiles', body);
  }

  replace(name: string, body: WireProfilePut, etag?: string | null): Promise<void> {
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
  return `/1.0/profiles/${segment(name)}`;
}
