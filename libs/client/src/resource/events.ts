import type { WireEvent } from '#lib/contract';
import type { Api } from '../api.ts';

export interface EventStream {
  /** Resolves when the stream ends, whoever ended it. */
  readonly closed: Promise<void>;
  close(): void;
}

export class EventsClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Subscribed when it resolves. No types: all that the caller may see. */
  async stream(options: { types?: readonly string[]; allProjects?: boolean }, listener: (event: WireEvent) => void): Promise<EventStream> {
    const query = {
      type: options.types?.length ? options.types.join(',') : undefined,
      'all-projects': options.allProjects ? 'true' : undefined,
    };
    const socket = await this.#api.transport.socket(this.#api.path('/1.0/events', query));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('message', (data) => listener(JSON.parse((data as Buffer).toString()) as WireEvent));
    socket.resume();
    return { closed, close: () => socket.terminate() };
  }
}
