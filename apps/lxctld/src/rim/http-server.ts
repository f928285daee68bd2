import { createServer, type Server } from 'node:http';
import { LxError } from '#lib/contract';
import { introduce, type Peer, unixPeer } from './caller.ts';
import { errorEnvelope } from './envelope.ts';
import type { Gate } from './gate.ts';
import type { Upgrades } from './upgrades.ts';

/** The HTTP server of the unix socket, behind the gate. */
export function unixServer(gate: Gate, upgrades: Upgrades, peerCredentials: (fd: number) => Peer): Server {
  // Uploads may take hours and slow clients are welcome, so no time limits (API section 2.16).
  const server = createServer(
    { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 120_000, connectionsCheckingInterval: 3_600_000 },
    gate.handle,
  );
  server.on('connection', (socket) => introduce(socket, unixPeer(socket, peerCredentials)));
  server.on('upgrade', upgrades.handle);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const refusal = new LxError('request.invalid', { problems: [`Malformed HTTP request: ${error.message}`] });
    const body = JSON.stringify(errorEnvelope(refusal.status, refusal.message));
    socket.end(
      `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  return server;
}
