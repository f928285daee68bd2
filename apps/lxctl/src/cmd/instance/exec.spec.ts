import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';
import { DetachKey } from './terminal.ts';

const fds = { '0': 's0', '1': 's1', '2': 's2', control: 'sc' };

describe('exec', () => {
  it("returns the command's own exit code and its output", async () => {
    const server = new FakeServer().operation('POST /1.0/instances/c1/exec', { running: true, metadata: { fds, return: 7 } });
    const open = server.socket.bind(server);
    server.socket = async (path) => {
      const socket = await open(path);
      socket.on('resumed' as never, () => {
        if (path.endsWith('s1')) queueMicrotask(() => socket.emit('message', Buffer.from('out'), true));
        if (path.endsWith('s2')) queueMicrotask(() => socket.emit('message', Buffer.from('err'), true));
        queueMicrotask(() => socket.emit('message', Buffer.alloc(0), false));
      });
      return socket;
    };
    const outcome = await lxctl(
      server,
      ['exec', 'c1', '--env', 'A=b=c', '--cwd', '/tmp', '--user', '5', '--', 'sh', '-c', 'exit 7'],
      (io) => {
        io.env.TERM = 'xterm';
        io.stdin.end('typed');
      },
    );
    expect(outcome).toEqual({ code: 7, out: 'out', err: 'err' });
    expect(server.sent('POST /1.0/instances/c1/exec')).toEqual([
      {
        command: ['sh', '-c', 'exit 7'],
        'wait-for-websocket': true,
        interactive: false,
        environment: { TERM: 'xterm', A: 'b=c' },
        width: 0,
        height: 0,
        'record-output': false,
        user: 5,
        group: 0,
        cwd: '/tmp',
      },
    ]);
  });

  it('asks for a pty on a terminal, and puts the terminal back', async () => {
    const server = new FakeServer().operation('POST /1.0/instances/c1/exec', {
      metadata: { fds: { '0': 's0', control: 'sc' }, return: 0 },
    });
    const raw: boolean[] = [];
    const run = lxctl(server, 'shell c1', (io) => {
      io.terminal = { in: true, out: true, err: true };
      io.columns = 132;
      io.raw = raw;
    });
    await expect.poll(() => server.sockets.length).toBe(2);
    for (const socket of server.sockets) socket.terminate();
    expect((await run).code).toBe(0);
    expect(server.sent('POST /1.0/instances/c1/exec')).toMatchObject([{ interactive: true, width: 132, height: 24 }]);
    expect(raw).toEqual([true, false]);
  });

  it("passes the server's refusal on", async () => {
    const server = new FakeServer().error('POST /1.0/instances/c1/exec', 400, 'Instance is not running');
    expect(await lxctl(server, 'exec c1 true')).toEqual({ code: 1, out: '', err: 'Error: Instance is not running\n' });
    expect((await lxctl(server, 'exec -t -T c1 true')).err).toContain('exclude each other');
  });
});

describe('DetachKey', () => {
  it('ends at Ctrl-a q and lets everything else through', () => {
    let detached = 0;
    const keys = new DetachKey(() => {
      detached += 1;
    });
    let seen = '';
    keys.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1');
    });
    keys.write('ab\x01');
    keys.write('c\x01\x01dq');
    expect(detached).toBe(0);
    keys.write('\x01q');
    expect(detached).toBe(1);
    keys.read();
    return expect.poll(() => seen).toBe('ab\x01c\x01\x01dq');
  });
});
