import type { WarningStatus, WireWarning } from '#lib/contract';
import { type Api, segment } from '../api.ts';

export class WarningsClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(): Promise<WireWarning[]> {
    return this.#api.get('/1.0/warnings', { recursion: 1 });
  }

  get(id: string): Promise<WireWarning> {
    return this.#api.get(`/1.0/warnings/${segment(id)}`);
  }

  setStatus(id: string, status: Exclude<WarningStatus, 'resolved'>): Promise<void> {
    return this.#api.send('PUT', `/1.0/warnings/${segment(id)}`, { status });
  }

  delete(id: string): Promise<void> {
    return this.#api.send('DELETE', `/1.0/warnings/${segment(id)}`);
  }
}
