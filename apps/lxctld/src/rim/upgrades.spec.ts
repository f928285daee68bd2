import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LxError } from '#lib/contract';
import { introduce, unixCaller } from './caller.ts';
import { Upgrades } from './upgrades.ts';

let server: Server;
const seen: string[] = [];
beforeAll(async () => {
  const upgrades = new Upgrades({ refusal: () => null });
  upgrades.add('/1.0/things/:name/websocket', 'trusted', (_call, [name = '']) => {
    seen.push(name);
    return (socket) => socket.terminate();
  });
  upgrades.add('/1.0/things', 'trusted', () => (socket) => socket.terminate());
  upgrades.addConnection('sftp', '/1.0/things/:name/sftp', 'trusted', async (_call, [name]) => {
    if (name === 'stopped') throw new LxError('instance.not_running');
    return (connection) => connection.pipe(connection);
  });
  server = createServer();
  server.on('connection', (socket) => introduce(socket, unixCaller(0)));
  server.on('upgrade', upgrades.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

/** The status line and the error of the answer to a handshake, as bytes on a socket: no client library minds the path. */
function handshake(path: string, headers: Record<string, string> = {}): Promise<{ status: number; error: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const lines = { host: 'box:8443', upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13', ...headers };
    const head = Object.entries({ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...lines }).map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => {
      const body = /\{.*\}/s.exec(text)?.[0];
      resolve({ status: Number(text.slice(9, 12)), error: body ? (JSON.parse(body) as { error: string }).error : '' });
    });
  });
}

describe('upgrades', () => {
  it.each(['%', '%zz', 'a%f', '%ff', '%ED%A0%80'])('answer the bad percent escape %s in a path with 400', async (name) => {
    expect(await handshake(`/1.0/things/${name}/websocket`)).toEqual({
      status: 400,
      error: `The path has an invalid percent escape: ${name}`,
    });
  });

  it('decode good ones', async () => {
    expect((await handshake('/1.0/things/a%2Fb/websocket')).status).toBe(101);
    expect(seen).toContain('a/b');
  });

  it('hand over connections of another protocol, and refuse them before', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const heard: string[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    // What comes with the request is not lost.
    socket.write('GET /1.0/things/a/sftp HTTP/1.1\r\nHost: box\r\nConnection: Upgrade\r\nUpgrade: sftp\r\n\r\nearly');
    await vi.waitFor(() => expect(heard.join('')).toContain('early'));
    socket.end('late');
    await once(socket, 'close');
    expect(heard.join('')).toBe('HTTP/1.1 101 Switching Protocols\r\nUpgrade: sftp\r\nConnection: Upgrade\r\n\r\nearlylate');
    const sftp = { upgrade: 'sftp' };
    expect((await handshake('/1.0/things/stopped/sftp', sftp)).error).toBe('Instance is not running');
    expect((await handshake('/1.0/things', sftp)).status).toBe(404);
    expect((await handshake('/1.0/things/a/sftp')).status).toBe(404);
    expect((await handshake('/1.0/things/a/sftp', { ...sftp, origin: 'https://evil.example' })).status).toBe(403);
    expect((await handshake('/1.0/things', { upgrade: 'h2c' })).error).toContain('upgrade to h2c');
  });

  it('refuse NUL in path and query', async () => {
    expect((await handshake('/1.0/things/a%00/websocket')).status).toBe(400);
    expect((await handshake('/1.0/things?type=%00')).status).toBe(400);
  });

  it.each([
    'https://evil.example',
    'https://evil.example:8443',
    'https://box',
    'https://box:8444',
    'https://box:8443.evil.example',
    'http://localhost:8443',
    'null',
    'file://',
    'chrome-extension://abcdef',
    'https://',
    '',
  ])('refuse the page of a browser that came from %j', async (origin) => {
    for (const path of ['/1.0/things', '/1.0/things/x/websocket'])
      expect(await handshake(path, { origin })).toEqual({
        status: 403,
        error: `Websocket refused: it was requested by a page of ${JSON.stringify(origin)}`,
      });
  });

  it.each(['https://box:8443', 'http://BOX:8443', 'ws+unix://localhost', 'wss://elsewhere'])('take the origin %s', async (origin) => {
    expect((await handshake('/1.0/things', { origin })).status).toBe(101);
  });

  it('take a default port that is written or not, and clients that say nothing of an origin', async () => {
    expect((await handshake('/1.0/things', { origin: 'https://box', host: 'box:443' })).status).toBe(101);
    expect((await handshake('/1.0/things')).status).toBe(101);
  });
});
