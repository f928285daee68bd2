import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { ApiError } from '../errors.ts';

/**
 * Opens a websocket over a unix socket. It comes paused: frames can arrive together with the answer to the upgrade, so
 * attach the listeners, then `resume()`. Compression stays off: it makes a keystroke's echo twenty times slower.
 */
export function openWebSocket(socketPath: string, path: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://lxctl${path}`, {
      perMessageDeflate: false,
      createConnection: () => connect({ path: socketPath }),
    });
    // Stays attached for good: `ws` emits `error` for what peers do at the end of a session (close code 1005 or 1006).
    socket.on('error', reject);
    socket.once('open', () => {
      socket.pause();
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        reject(new ApiError(response.statusCode ?? 0, refusal(Buffer.concat(chunks), response.statusMessage)));
        socket.terminate();
      });
    });
  });
}

function refusal(body: Buffer, otherwise: string | undefined): string {
  try {
    const parsed = JSON.parse(body.toString()) as { error?: unknown };
    if (typeof parsed.error === 'string' && parsed.error) return parsed.error;
  } catch {
    // Not every refusal of an upgrade carries an envelope.
  }
  return otherwise || 'the websocket was refused';
}
