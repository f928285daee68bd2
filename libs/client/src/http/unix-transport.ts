import { connect, type Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { ConnectError } from '../errors.ts';
import type { Transport, TransportRequest, TransportResponse } from '../transport.ts';
import { Inbox } from './inbox.ts';
import { readBody, readHead } from './response.ts';
import { writeRequest } from './upload.ts';

/**
 * HTTP/1.1 over the daemon's unix socket, one connection a request as LXD's own clients do. It speaks over `net` alone
 * because importing `http` would cost every command 8 ms; websockets load `ws` (and with it `http`) when first used.
 */
export class UnixTransport implements Transport {
  constructor(readonly socketPath: string) {}

  async request(request: TransportRequest): Promise<TransportResponse> {
    const socket = await this.#connect();
    const inbox = new Inbox(socket);
    // A failed upload shows as the answer or the error that the inbox meets; only a broken source must be passed on.
    const upload = writeRequest(socket, request, 'lxctl').catch((error: Error) => socket.destroy(error));
    try {
      const head = await readHead(inbox);
      return { ...head, body: drain(socket, readBody(inbox, head, request.method), upload) };
    } catch (error) {
      socket.destroy();
      throw this.#explain(error);
    }
  }

  async socket(path: string): Promise<WebSocket> {
    const { openWebSocket } = await import('./web-socket.ts');
    try {
      return await openWebSocket(this.socketPath, path);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: this.socketPath });
      const refused = (error: Error) => reject(this.#explain(error));
      socket.once('error', refused);
      socket.once('connect', () => {
        socket.off('error', refused);
        resolve(socket);
      });
    });
  }

  #explain(error: unknown): unknown {
    const code = (error as NodeJS.ErrnoException).code;
    return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? new ConnectError(this.socketPath, code, { cause: error }) : error;
  }
}

async function* drain(socket: Socket, body: AsyncIterable<Uint8Array>, upload: Promise<unknown>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    socket.destroy();
    await upload;
  }
}
