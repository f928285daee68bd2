import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { loopbackCertificate } from './certificate.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, send: () => void) => void;

/** Files over https on 127.0.0.1, with tags and ranges, as the servers of images have them. */
export class FileServer implements AsyncDisposable {
  readonly files = new Map<string, Buffer>();
  /** What was asked for: `GET path`, with the range. */
  readonly asked: string[] = [];
  /** By path: what answers instead, once each; `send` does what would be done without. */
  readonly instead = new Map<string, Answer[]>();
  readonly cert: string;
  readonly #server: Server;

  private constructor(server: Server, cert: string) {
    this.#server = server;
    this.cert = cert;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response));
  }

  static async start(certificate?: { cert: string; key: string }): Promise<FileServer> {
    const made = certificate ?? (await loopbackCertificate());
    const server = createServer(made);
    // A client that does not trust it closes the connection.
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FileServer(server, made.cert);
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  put(path: string, content: Buffer | string | object): void {
    this.files.set(path, Buffer.isBuffer(content) ? content : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)));
  }

  /** The next requests for a path are answered by these, one each. */
  answer(path: string, ...answers: Answer[]): void {
    this.instead.set(path, [...(this.instead.get(path) ?? []), ...answers]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent((request.url ?? '').slice(1));
    const { range } = request.headers;
    this.asked.push(range ? `${path} ${range}` : path);
    const send = () => this.#send(path, request, response);
    const special = this.instead.get(path)?.shift();
    if (special) special(request, response, send);
    else send();
  }

  #send(path: string, { headers }: IncomingMessage, response: ServerResponse): void {
    const file = this.files.get(path);
    if (!file) {
      response.writeHead(404).end('no such file');
      return;
    }
    const etag = `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`;
    if (headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (from > 0 && (headers['if-range'] ?? etag) === etag) {
      const range = `bytes ${from}-${file.length - 1}/${file.length}`;
      response.writeHead(206, { etag, 'content-range': range, 'content-length': file.length - from }).end(file.subarray(from));
    } else {
      response.writeHead(200, { etag, 'content-length': file.length }).end(file);
    }
  }
}

/** Sends so many bytes of a file and breaks the connection. */
export function breakAfter(file: Buffer, bytes: number): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': file.length, etag: '"broken"' });
    response.write(file.subarray(0, bytes), () => response.socket?.destroy());
  };
}
