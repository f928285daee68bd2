import type { WireOperation } from '#lib/contract';
import { operationOf, type Reply, readRaw, readReply } from './envelope.ts';
import type { Method, Transport, TransportRequest } from './transport.ts';

export type Query = Record<string, string | number | undefined>;

/** Requests in LXD's envelope, with the project filled in. Every resource of the client is built on it. */
export class Api {
  constructor(
    readonly transport: Transport,
    /** Sent with every request unless it is the default one. */
    readonly project: string = '',
  ) {}

  async get<T>(path: string, query?: Query): Promise<T> {
    return (await this.reply<T>('GET', path, { query })).metadata;
  }

  /** With the ETag, for a change that must not overwrite another's. */
  read<T>(path: string): Promise<Reply<T>> {
    return this.reply<T>('GET', path);
  }

  async send(method: Method, path: string, body?: unknown, etag?: string | null): Promise<void> {
    await this.reply(method, path, { body, etag });
  }

  async start(method: Method, path: string, body?: unknown, options: { query?: Query; etag?: string | null } = {}): Promise<WireOperation> {
    return operationOf(await this.reply(method, path, { body, ...options }));
  }

  async reply<T>(method: Method, path: string, options: { query?: Query; body?: unknown; etag?: string | null } = {}): Promise<Reply<T>> {
    const headers: Record<string, string> = {};
    if (options.etag) headers['if-match'] = options.etag;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    return readReply<T>(await this.transport.request({ method, path: this.path(path, options.query), headers, body }));
  }

  /** A streamed upload. */
  async upload(path: string, headers: Record<string, string>, body: AsyncIterable<Uint8Array>): Promise<WireOperation> {
    return operationOf(await readReply(await this.transport.request({ method: 'POST', path: this.path(path), headers, body })));
  }

  async sendFile(path: string, query: Query, content: string): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' };
    await readReply(await this.transport.request({ method: 'POST', path: this.path(path, query), headers, body: Buffer.from(content) }));
  }

  /** A raw body, and the headers that came with it. */
  async raw(method: Method, path: string, query?: Query): Promise<{ body: AsyncIterable<Uint8Array>; headers: Record<string, string> }> {
    const request: TransportRequest = { method, path: this.path(path, query) };
    const response = await this.transport.request(request);
    return { body: await readRaw(response), headers: response.headers };
  }

  path(path: string, query: Query = {}): string {
    const params = new URLSearchParams();
    if (this.project && this.project !== 'default') params.set('project', this.project);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
    const text = params.toString();
    return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path;
  }
}

/** One path segment; names may hold slashes (aliases). */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

/** What a URL of the API names: its last segment. */
export function lastName(url: string): string {
  return decodeURIComponent((url.split('?')[0] ?? '').split('/').at(-1) ?? '');
}
