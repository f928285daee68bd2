import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { LxError, onlyDefault, type Projects } from '#lib/contract';
import { type AccessRight, requireAccess } from './access.ts';
import { type Call, projectName, RequestCall } from './call.ts';
import { callerOf } from './caller.ts';
import { errorEnvelope } from './envelope.ts';
import { errorAnswer } from './error-answer.ts';
import type { Gate } from './gate.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Query } from './request.ts';
import { pathPattern } from './routes.ts';
import { refuseUnstorable } from './text.ts';

/**
 * Checks an upgrade request (throws LxError to refuse it) and returns the function that takes the open socket.
 * `parameters` has the decoded path parameters in order.
 */
export type UpgradeHandler = (call: Call, parameters: readonly string[]) => (socket: WebSocket) => void;

/** The same for a protocol of its own, which has the connection from the end of the handshake on. What it gets may be closed by then. */
export type ConnectionHandler = (call: Call, parameters: readonly string[]) => Promise<(connection: Duplex) => void>;

interface UpgradeRoute {
  path: string;
  access: AccessRight;
  pattern: RegExp;
  /** As it stands in the header Upgrade. */
  protocol: 'websocket' | 'sftp';
  accept: (call: Call, parameters: readonly string[]) => Promise<Accepted>;
}

/** What takes the socket of a request that is let in. */
type Accepted = { websocket: (socket: WebSocket) => void } | { connection: (connection: Duplex) => void };

/** The endpoints whose connections go over to another protocol: websockets, mostly. Compression is off, because it makes the echo of a keystroke twenty times slower. */
export class Upgrades {
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 16 * 1024 * 1024 });
  readonly #routes: UpgradeRoute[] = [];
  readonly #gate: Pick<Gate, 'refusal'>;
  readonly #projects: Projects;
  readonly heartbeat = new Heartbeat();

  constructor(gate: Pick<Gate, 'refusal'>, projects: Projects = onlyDefault) {
    this.#gate = gate;
    this.#projects = projects;
  }

  get routes(): readonly Readonly<UpgradeRoute>[] {
    return this.#routes;
  }

  /** `path` as in a controller, e.g. /1.0/operations/:id/websocket. */
  add(path: string, access: AccessRight, handler: UpgradeHandler): void {
    const accept = async (call: Call, parameters: readonly string[]) => ({ websocket: handler(call, parameters) });
    this.#routes.push({ path, access, pattern: pathPattern(path), protocol: 'websocket', accept });
  }

  /** A path whose connections go over to another protocol. */
  addConnection(protocol: 'sftp', path: string, access: AccessRight, handler: ConnectionHandler): void {
    const accept = async (call: Call, parameters: readonly string[]) => ({ connection: await handler(call, parameters) });
    this.#routes.push({ path, access, pattern: pathPattern(path), protocol, accept });
  }

  /** For `server.on('upgrade')`. */
  readonly handle = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // The client may disconnect during the handshake, which is no error of the daemon.
    socket.on('error', () => socket.destroy());
    this.#find(request, socket).then(
      (accepted) => {
        if ('connection' in accepted) return handOver(request, socket, head, accepted.connection);
        this.#server.handleUpgrade(request, socket, head, (websocket) => {
          // INVARIANT: every websocket has an error handler, or a client that closes oddly ends the daemon (API section 2.16).
          websocket.on('error', () => websocket.terminate());
          this.heartbeat.add(websocket);
          accepted.websocket(websocket);
        });
      },
      (error: unknown) => refuseUpgrade(socket, error),
    );
  };

  async #find(request: IncomingMessage, socket: Duplex): Promise<Accepted> {
    const refusal = this.#gate.refusal();
    if (refusal) throw refusal;
    const protocol = request.headers.upgrade?.toLowerCase();
    const routes = this.#routes.filter((route) => route.protocol === protocol);
    if (routes.length === 0) throw new LxError('request.unsupported', { what: `upgrade to ${request.headers.upgrade}` });
    refuseForeignOrigin(request.headers);
    const url = request.url ?? '/';
    const [path = '', search = ''] = url.split('?', 2);
    for (const { pattern, access, accept } of routes) {
      const match = pattern.exec(path);
      if (!match) continue;
      const query = queryOf(search);
      const caller = callerOf(socket);
      const project = projectName(query);
      requireAccess(access, caller, project);
      const parameters = match.slice(1).map(decoded);
      refuseUnstorable(parameters, 'path');
      refuseUnstorable(query, 'query');
      const call = new RequestCall({ caller, url, query, headers: request.headers, scope: await this.#projects.scope(project) });
      return accept(call, parameters);
    }
    throw new LxError('path.not_found');
  }
}

/** The end of the handshake, for whom the bytes are from then on. */
function handOver({ headers }: IncomingMessage, socket: Duplex, head: Buffer, use: (connection: Duplex) => void): void {
  const lines = ['HTTP/1.1 101 Switching Protocols', `Upgrade: ${headers.upgrade}`, 'Connection: Upgrade'];
  if (!socket.destroyed) socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  use(socket);
}

/**
 * Refuses websockets that a page of another site opens: browsers allow that and send the user's client certificate along,
 * but name the page in Origin. Other clients send no Origin, or one with a websocket scheme (ws4py).
 */
function refuseForeignOrigin({ origin, host = '' }: IncomingHttpHeaders): void {
  if (origin === undefined || /^wss?(\+unix)?:/i.test(origin)) return;
  if (/^https?:/i.test(origin) && URL.canParse(origin)) {
    const page = new URL(origin);
    const own = `${page.protocol}//${host}`;
    if (URL.canParse(own) && new URL(own).host === page.host) return;
  }
  throw new LxError('request.foreign_origin', { origin });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new LxError('request.invalid', { problems: [`The path has an invalid percent escape: ${part}`] }, { cause: error });
  }
}

function queryOf(search: string): Query {
  const query: Query = {};
  for (const [name, value] of new URLSearchParams(search)) query[name] ??= value;
  return query;
}

const reasons: Record<number, string> = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' };

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, text } = errorAnswer(error);
  const body = JSON.stringify(errorEnvelope(status, text));
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Refused'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
