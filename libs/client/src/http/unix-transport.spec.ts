import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ApiError, ConnectError } from '../errors.ts';
import { FakeDaemon } from '../fake-daemon.ts';
import { collect } from '../transport.ts';
import { UnixTransport } from './unix-transport.ts';

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('UnixTransport', () => {
  it('reads a body with a length and a chunked one', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.routes.set('GET /length', (_request, response) => response.writeHead(200, { 'content-length': 5 }).end('hello'));
    daemon.routes.set('GET /chunked', (_request, response) => {
      response.writeHead(200, { 'X-Mixed': 'Case' });
      response.write('a'.repeat(70_000));
      response.write('b');
      response.end('c'.repeat(10));
    });
    const transport = new UnixTransport(daemon.socketPath);
    const length = await transport.request({ method: 'GET', path: '/length' });
    expect((await collect(length.body)).toString()).toBe('hello');
    const chunked = await transport.request({ method: 'GET', path: '/chunked' });
    expect(chunked.headers['x-mixed']).toBe('Case');
    expect((await collect(chunked.body)).toString()).toBe(`${'a'.repeat(70_000)}b${'c'.repeat(10)}`);
  });

  it('streams an upload with chunked encoding, in order', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.routes.set('POST /up', (request, response) => response.end(request.body));
    const big = 'x'.repeat(300_000);
    const answer = await new UnixTransport(daemon.socketPath).request({ method: 'POST', path: '/up', body: chunks('one', big, '', 'two') });
    expect((await collect(answer.body)).toString()).toBe(`one${big}two`);
    expect(daemon.seen[0]?.headers['transfer-encoding']).toBe('chunked');
  });

  it('shows the answer of a server that refuses in the middle of an upload', async () => {
    await using daemon = await FakeDaemon.start();
    const path = `${daemon.directory}/early.socket`;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'));
    });
    server.listen(path);
    await once(server, 'listening');
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(65_536);
    })();
    const answer = await new UnixTransport(path).request({ method: 'POST', path: '/up', body: endless });
    expect(answer.status).toBe(413);
    expect((await collect(answer.body)).toString()).toBe('no');
    server.close();
  });

  it('reports a body that is cut off', async () => {
    await using daemon = await FakeDaemon.start();
    const path = `${daemon.directory}/cut.socket`;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'));
    });
    server.listen(path);
    await once(server, 'listening');
    const answer = await new UnixTransport(path).request({ method: 'GET', path: '/' });
    await expect(collect(answer.body)).rejects.toThrow('cut off');
    server.close();
  });

  it('names what is wrong when nobody listens', async () => {
    const error = await new UnixTransport('/nonexistent/unix.socket')
      .request({ method: 'GET', path: '/1.0' })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConnectError);
    expect((error as ConnectError).code).toBe('ENOENT');
    expect((error as Error).message).toContain('is not running');
    expect((error as Error).message).not.toContain('\n');
  });

  it("gives a refused websocket's words", async () => {
    await using daemon = await FakeDaemon.start();
    const error = await new UnixTransport(daemon.socketPath)
      .socket('/1.0/operations/x/websocket?secret=y')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 403, message: 'Forbidden' });
  });
});
