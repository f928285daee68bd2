import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { ApiError, type Transport, type TransportRequest, type TransportResponse } from '#lib/client';

type Answer = { status: number; headers: Record<string, string>; body: string | Uint8Array };
type Handler = (body: unknown) => Answer;

export interface Asked {
  route: string;
  body: unknown;
  headers: Record<string, string>;
}

/** For specs: a transport that answers as it is told, without a socket. Routes are `GET /1.0/instances?recursion=2`. */
export class FakeServer implements Transport {
  readonly asked: Asked[] = [];
  readonly sockets: FakeSocket[] = [];
  #routes = new Map<string, Handler>();
  #operations = 0;

  sync(route: string, metadata: unknown, etag = ''): this {
    this.#routes.set(route, () => json(200, { type: 'sync', metadata }, etag ? { etag } : {}));
    return this;
  }

  /** Answers with an operation that has ended already, or that `/wait` ends. */
  operation(
    route: string,
    result: { status_code?: number; err?: string; metadata?: unknown; resources?: unknown; running?: boolean } = {},
  ): this {
    this.#operations += 1;
    const id = `op${this.#operations}`;
    const view = (code: number) => ({
      id,
      class: 'task',
      description: '',
      status: '',
      metadata: null,
      resources: null,
      err: '',
      ...result,
      status_code: code,
    });
    const last = result.status_code ?? 200;
    this.#routes.set(route, () => json(202, { type: 'async', metadata: view(result.running ? 103 : last) }));
    for (const timeout of [1, -1])
      this.#routes.set(`GET /1.0/operations/${id}/wait?timeout=${timeout}`, () => json(200, { type: 'sync', metadata: view(last) }));
    return this;
  }

  error(route: string, status: number, error: string): this {
    this.#routes.set(route, () => json(status, { type: 'error', error, error_code: status, metadata: null }));
    return this;
  }

  raw(route: string, body: string | Uint8Array, headers: Record<string, string> = {}): this {
    this.#routes.set(route, () => ({ status: 200, headers, body }));
    return this;
  }

  /** The bodies sent to a route, in order. */
  sent(route: string): unknown[] {
    return this.asked.filter((request) => request.route === route).map((request) => request.body);
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const route = `${request.method} ${request.path}`;
    const body = await read(request.body);
    this.asked.push({ route, body, headers: request.headers ?? {} });
    const handler = this.#routes.get(route);
    const answer = handler ? handler(body) : json(404, { type: 'error', error: `not found: ${route}`, error_code: 404, metadata: null });
    return { status: answer.status, headers: answer.headers, body: once(answer.body) };
  }

  async socket(path: string): Promise<WebSocket> {
    if (!path.includes('secret=') && !path.startsWith('/1.0/events')) throw new ApiError(404, 'not found');
    const socket = new FakeSocket(path);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }
}

/** As much of a websocket as the client uses. */
export class FakeSocket extends EventEmitter {
  readyState = 1;
  readonly sent: string[] = [];

  constructor(readonly path: string) {
    super();
  }

  send(data: string | Uint8Array, _options?: unknown, done?: () => void): void {
    this.sent.push(typeof data === 'string' ? `text:${data}` : Buffer.from(data).toString());
    done?.();
  }

  /** Frames flow once the client listens. */
  resume(): void {
    this.emit('resumed');
  }

  pause(): void {}

  terminate(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close');
  }

  receive(text: string, isBinary = true): void {
    this.emit('message', Buffer.from(text), isBinary);
  }
}

function json(status: number, envelope: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(envelope) };
}

async function* once(body: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(body as string);
}

async function read(body: TransportRequest['body']): Promise<unknown> {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return JSON.parse(body) as unknown;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
