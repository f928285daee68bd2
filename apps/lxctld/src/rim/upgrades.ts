import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { LxError } from '#lib/contract';
import { errorEnvelope } from './envelope.ts';
import { errorAnswer } from './error-answer.ts';
import type { Gate } from './gate.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Query } from './request.ts';

/** What an endpoint sees of an upgrade request. */
export interface UpgradeRequest {
  /** Decoded path parameters, in the order of the pattern's groups. */
  parameters: string[];
  query: Query;
}

/** Checks the request (throws LxError to refuse it) and returns what to do with the socket once it is open. */
export type UpgradeHandler = (request: UpgradeRequest) => (socket: WebSocket) => void;

/** Websocket endpoints. Bytes are not compressed: a keystroke's echo is twenty times faster without. */
export class Upgrades {
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 16 * 1024 * 1024 });
  readonly #routes: { pattern: RegExp; handler: UpgradeHandler }[] = [];
  readonly heartbeat = new Heartbeat();

  constructor(private readonly gate: Pick<Gate, 'refusal'>) {}

  /** `pattern` matches the whole path, e.g. /^\/1\.0\/events$/. */
  add(pattern: RegExp, handler: UpgradeHandler): void {
    this.#routes.push({ pattern, handler });
  }

  /** For `server.on('upgrade')`. */
  readonly handle = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A client that goes away in the middle of the handshake is no failure of ours.
    socket.on('error', () => socket.destroy());
    try {
      const use = this.#find(request);
      this.#server.handleUpgrade(request, socket, head, (websocket) => {
        // INVARIANT: every websocket has an error handler, or a client that closes oddly ends the daemon (API section 2.16).
        websocket.on('error', () => websocket.terminate());
        this.heartbeat.add(websocket);
        use(websocket);
      });
    } catch (problem) {
      refuseUpgrade(socket, problem);
    }
  };

  #find(request: IncomingMessage): (socket: WebSocket) => void {
    const refusal = this.gate.refusal();
    if (refusal) throw refusal;
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      throw new LxError('request.unsupported', { what: `upgrade to ${request.headers.upgrade}` });
    }
    const [path = '', search = ''] = (request.url ?? '/').split('?', 2);
    for (const { pattern, handler } of this.#routes) {
      const match = pattern.exec(path);
      if (match) return handler({ parameters: match.slice(1).map((part) => decodeURIComponent(part)), query: queryOf(search) });
    }
    throw new LxError('path.not_found');
  }
}

function queryOf(search: string): Query {
  const query: Query = {};
  for (const [name, value] of new URLSearchParams(search)) query[name] ??= value;
  return query;
}

function refuseUpgrade(socket: Duplex, problem: unknown): void {
  const { status, text } = errorAnswer(problem);
  const body = JSON.stringify(errorEnvelope(status, text));
  const head = [
    `HTTP/1.1 ${status} ${status >= 500 ? 'Service Unavailable' : 'Refused'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
