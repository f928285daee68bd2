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
    const upload = writeRequest(socket, request, 'lxctl').catch((failure: Error) => socket.destroy(failure));
    try {
      const head = await readHead(inbox);
      return { ...head, body: drain(socket, readBody(inbox, head, request.method), upload) };
    } catch (failure) {
      socket.destroy();
      throw this.#explain(failure);
    }
  }

  async socket(path: string): Promise<WebSocket> {
    const { openWebSocket } = await import('./web-socket.ts');
    try {
      return await openWebSocket(this.socketPath, path);
    } catch (failure) {
      throw this.#explain(failure);
    }
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: this.socketPath });
      const refused = (failure: Error) => reject(this.#explain(failure));
      socket.once('error', refused);
      socket.once('connect', () => {
        socket.off('error', refused);
        resolve(socket);
      });
    });
  }

  #explain(failure: unknown): unknown {
    const code = (failure as NodeJS.ErrnoException).code;
    return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? new ConnectError(this.socketPath, code, { cause: failure }) : failure;
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
