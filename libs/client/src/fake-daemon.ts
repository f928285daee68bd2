import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

type Answer = (request: SeenRequest, response: ServerResponse) => void;

/** For specs: an HTTP server on a unix socket in a directory of its own, that answers as it is told and remembers what it was asked. */
export class FakeDaemon implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), 'lxctl-client-'));
  readonly socketPath = join(this.directory, 'unix.socket');
  readonly routes = new Map<string, Answer>();
  readonly upgrades = new Map<string, (socket: WebSocket) => void>();
  #server = createServer((request, response) => void this.#serve(request, response));
  #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

  static async start(): Promise<FakeDaemon> {
    const daemon = new FakeDaemon();
    daemon.#server.on('upgrade', (request, socket, head) => {
      const take = daemon.upgrades.get(request.url ?? '');
      if (!take) {
        const body = JSON.stringify({ type: 'error', error: 'Forbidden', error_code: 403, metadata: null });
        socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
        return;
      }
      daemon.#sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => undefined);
        take(client);
      });
    });
    await new Promise<void>((resolve) => daemon.#server.listen(daemon.socketPath, resolve));
    return daemon;
  }

  /** `GET /1.0` -> sync metadata. */
  sync(route: string, metadata: unknown, headers: Record<string, string> = {}): void {
    this.routes.set(route, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.end(
        JSON.stringify({ type: 'sync', status: 'Success', status_code: 200, operation: '', error_code: 0, error: '', metadata }),
      );
    });
  }

  async(route: string, operation: { id: string } & Record<string, unknown>): void {
    this.routes.set(route, (_request, response) => {
      response.writeHead(202, { 'content-type': 'application/json', location: `/1.0/operations/${operation.id}` });
      response.end(
        JSON.stringify({
          type: 'async',
          status: 'Operation created',
          status_code: 100,
          operation: `/1.0/operations/${operation.id}`,
          metadata: operation,
        }),
      );
    });
  }

  error(route: string, status: number, text: string): void {
    this.routes.set(route, (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ type: 'error', error: text, error_code: status, metadata: null }));
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(chunks) };
    this.seen.push(request);
    const answer = this.routes.get(`${request.method} ${request.url}`);
    if (answer) answer(request, response);
    else response.writeHead(404).end(JSON.stringify({ type: 'error', error: 'not found', error_code: 404, metadata: null }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
