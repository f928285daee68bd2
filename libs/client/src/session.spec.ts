import { PassThrough } from 'node:stream';
import type { WebSocket } from 'ws';
import { describe, expect, it } from 'vitest';
import { LxctlClient } from './client.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { UnixTransport } from './http/unix-transport.ts';
import { OperationError } from './errors.ts';

const running = { id: 'op1', class: 'websocket', status: 'Running', status_code: 103, err: '' };
const command = {
  command: ['cat'],
  'wait-for-websocket': true,
  interactive: false,
  environment: {},
  width: 80,
  height: 24,
  'record-output': false,
  user: 0,
  group: 0,
  cwd: '',
};

/** Plays the server's part of an exec: collects the sockets, and holds /wait until `finish`. */
function serve(daemon: FakeDaemon, names: string[]) {
  const fds = Object.fromEntries(names.map((name) => [name, `s${name}`]));
  const sockets: Record<string, WebSocket> = {};
  const heard: Record<string, string[]> = {};
  let finish!: (metadata: Record<string, unknown>) => void;
  const ended = new Promise<Record<string, unknown>>((resolve) => {
    finish = resolve;
  });
  daemon.async('POST /1.0/instances/c1/exec', { ...running, metadata: { fds } });
  const connected = Promise.all(
    names.map(
      (name) =>
        new Promise<void>((resolve) => {
          daemon.upgrades.set(`/1.0/operations/op1/websocket?secret=s${name}`, (socket) => {
            sockets[name] = socket;
            heard[name] = [];
            socket.on('message', (data, isBinary) => heard[name]?.push(`${isBinary ? '' : 'text:'}${(data as Buffer).toString()}`));
            if (name === '1') socket.send(Buffer.from('at once '));
            resolve();
          });
        }),
    ),
  );
  daemon.routes.set('GET /1.0/operations/op1/wait?timeout=-1', (_request, response) => {
    void ended.then((change) => response.end(JSON.stringify({ type: 'sync', metadata: { ...running, ...change } })));
  });
  return { sockets, heard, connected, finish };
}

function text(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => stream.on('end', () => resolve(Buffer.concat(chunks).toString())));
}

describe('session', () => {
  it('moves the three streams of a command and waits for the barriers before it ends', async () => {
    await using daemon = await FakeDaemon.start();
    const server = serve(daemon, ['0', '1', '2', 'control']);
    const client = new LxctlClient(new UnixTransport(daemon.socketPath));
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const [out, err] = [text(stdout), text(stderr)];
    const session = await client.session(await client.instances.exec('c1', command), { stdin, stdout, stderr });
    await server.connected;

    stdin.end('typed');
    session.signal(15);
    await expect.poll(() => server.heard['0']).toEqual(['typed', 'text:']);
    await expect.poll(() => server.heard.control).toEqual(['text:{"command":"signal","signal":15}']);

    server.finish({ status: 'Success', status_code: 200, metadata: { return: 7 } });
    server.sockets['2']?.send('');
    server.sockets['1']?.send(Buffer.from('and late'));
    server.sockets['1']?.send('');
    const view = await session.done;
    expect(view.metadata?.return).toBe(7);
    stdout.end();
    stderr.end();
    expect(await out).toBe('at once and late');
    expect(await err).toBe('');
  });

  it('carries a pty on socket 0 and sends sizes as text', async () => {
    await using daemon = await FakeDaemon.start();
    const server = serve(daemon, ['0', 'control']);
    const client = new LxctlClient(new UnixTransport(daemon.socketPath));
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const out = text(stdout);
    const session = await client.session(await client.instances.exec('c1', command), { stdin, stdout, stderr: stdout });
    await server.connected;
    session.resize(132, 43);
    await expect.poll(() => server.heard.control).toEqual(['text:{"command":"window-resize","args":{"width":"132","height":"43"}}']);
    server.sockets['0']?.send(Buffer.from('prompt# '));
    server.sockets['0']?.send('');
    server.finish({ status: 'Success', status_code: 200, metadata: { return: 0 } });
    await session.done;
    stdout.end();
    expect(await out).toBe('prompt# ');
  });

  it('fails with the words of the operation', async () => {
    await using daemon = await FakeDaemon.start();
    const server = serve(daemon, ['0', '1', '2', 'control']);
    const client = new LxctlClient(new UnixTransport(daemon.socketPath));
    const sink = new PassThrough().resume();
    const session = await client.session(await client.instances.exec('c1', command), { stdin: null, stdout: sink, stderr: sink });
    server.finish({ status: 'Failure', status_code: 400, err: 'Instance is frozen' });
    await expect(session.done).rejects.toThrow(OperationError);
    await expect(session.done).rejects.toThrow('Instance is frozen');
    await expect.poll(() => server.heard['0']).toEqual(['text:']);
  });
});
