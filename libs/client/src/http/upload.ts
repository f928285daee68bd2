import type { Socket } from 'node:net';
import type { TransportRequest } from '../transport.ts';

/** Request line, headers and body onto the socket. Resolves when all is written, or when the socket no longer takes it. */
export async function writeRequest(socket: Socket, request: TransportRequest, host: string): Promise<void> {
  const { method, path, body } = request;
  const headers: Record<string, string> = { host, 'user-agent': 'lxctl', connection: 'close', ...request.headers };
  if (/[\s\0]/.test(path)) throw new Error(`not a request path: ${path}`);
  if (body === undefined) {
    if (method !== 'GET' && method !== 'HEAD') headers['content-length'] = '0';
    socket.write(head(method, path, headers));
  } else if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = Buffer.from(body as string);
    headers['content-length'] = String(bytes.length);
    socket.write(Buffer.concat([Buffer.from(head(method, path, headers)), bytes]));
  } else {
    headers['transfer-encoding'] = 'chunked';
    socket.write(head(method, path, headers));
    await writeChunks(socket, body);
  }
}

function head(method: string, path: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value.replace(/[\r\n]/g, ' ')}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

async function writeChunks(socket: Socket, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (chunk.length === 0) continue;
    if (socket.destroyed) return;
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`);
    socket.write(chunk);
    const roomy = socket.write('\r\n');
    socket.uncork();
    if (!roomy) await drained(socket);
  }
  if (!socket.destroyed) socket.write('0\r\n\r\n');
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
    if (socket.destroyed) done();
  });
}
