import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';
import { terminal } from './harness/run-command.ts';
import { WireSession } from './harness/wire-session.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  await daemon.launchInstance('c1');
  await daemon.exec('c1', ['true']);
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const piped = { ...terminal, interactive: false };
const start = async (command: string[], body = piped) =>
  new WireSession(daemon.client, await daemon.client.instances.exec('c1', { ...body, command }));
const shell = (script: string) => ['sh', '-c', script];
const processes = async () => (await daemon.exec('c1', ['ps', '-o', 'args'])).stdout;
/** Descriptors of the daemon. */
const fds = async () => (await readdir(`/proc/${daemon.process?.pid}/fd`)).length;

/** Waits until the command is in the instance's list of processes, or is not any more. The brackets keep the search out of it. */
async function present(text: string, wanted: boolean): Promise<void> {
  const pattern = `[${text[0]}]${text.slice(1)}`;
  await daemon.exec('c1', shell(`while [ "$(ps -o args | grep -c '${pattern}')" ${wanted ? '=' : '!='} 0 ]; do usleep 10000; done`));
}

describe('a client of a command', () => {
  it('that does not connect: the operation ends after 5 s, and nothing has run', async () => {
    const sessions = [await start(['sleep', '1111']), await start(['sleep', '1111'], terminal)];
    // This one connects all but one.
    sessions.push(await (await start(['sleep', '1111'])).connect('0', '1', 'control'));
    const begun = performance.now();
    const views = await Promise.all(sessions.map((session) => session.done()));
    const waited = performance.now() - begun;
    expect(waited).toBeGreaterThan(4000);
    expect(waited).toBeLessThan(8000);
    for (const view of views) expect(view).toMatchObject({ status_code: 400, err: 'Timed out waiting for websockets to connect' });
    expect(await processes()).not.toContain('sleep 1111');
    await sessions[2]?.closed('0');
  });

  it('that never connects the control socket is served', async () => {
    const session = await (await start(shell('cat; echo err >&2; exit 4'))).connect('0', '1', '2');
    session.read('1').read('2').type('through');
    session.socket('0').send('');
    expect(await session.done()).toMatchObject({ status_code: 200, metadata: { return: 4 } });
    await Promise.all([session.closed('1'), session.closed('2')]);
    expect([session.shown('1'), session.shown('2')]).toEqual(['through', 'err\n']);
    expect([...session.ended].sort()).toEqual(['1', '2']);
  });

  it('with a wrong or a used secret is refused', async () => {
    const session = await (await start(['cat'])).connect('0', '1', '2');
    const again = new WireSession(daemon.client, session.operation);
    await expect(again.connect('0')).rejects.toMatchObject({ status: 403 });
    const bad = `/1.0/operations/${session.operation.id}/websocket?secret=${'0'.repeat(64)}`;
    await expect(daemon.client.api.transport.socket(bad)).rejects.toMatchObject({ status: 403 });
    session.read('1').socket('0').send('');
    expect(await session.done()).toMatchObject({ status_code: 200 });
  });

  it('that drops everything in the middle takes the command with it', async () => {
    for (const body of [piped, terminal]) {
      const session = await start(['sleep', '2222'], body);
      await session.connect(...Object.keys(session.operation.metadata?.fds as object));
      await present('sleep 2222', true);
      session.terminate();
      const view = await session.done();
      expect(view.status_code).toBe(200);
      // On a terminal the hang-up (129) may be quicker than the kill.
      expect([129, 137]).toContain(view.metadata?.return);
      expect(await processes()).not.toContain('sleep 2222');
    }
  });

  it('that drops its output only does not stop the command', async () => {
    const session = await (await start(shell('yes | head -c 3000000; exit 6'))).connect('0', '1', '2');
    session.terminate('1');
    expect(await session.done()).toMatchObject({ status_code: 200, metadata: { return: 6 } });
  });

  it('sends a signal by the control socket, and nonsense is ignored', async () => {
    const session = await (await start(shell("trap 'exit 9' TERM; echo up; while :; do usleep 10000; done"))).connect(
      '0',
      '1',
      '2',
      'control',
    );
    await session.read('1').shows('1', /up/);
    for (const message of ['', 'nonsense', '[]', 'null', '{"command":"signal","signal":"x"}', '{"command":"window-resize"}'])
      session.socket('control').send(message);
    session.socket('control').send(JSON.stringify({ command: 'signal', signal: 15 }));
    expect(await session.done()).toMatchObject({ metadata: { return: 9 } });
  });
});

describe('a command', () => {
  it('starts at home with the environment of LXD, or in the root where that is missing', async () => {
    const shown = await daemon.exec('c1', shell('pwd; echo $container'));
    expect(shown.stdout).toBe('/root\nlxc\n');
    expect((await daemon.exec('c1', ['pwd'], { cwd: '/no/such/directory' })).stdout).toBe('/\n');
    expect((await daemon.exec('c1', ['pwd'], { environment: { HOME: '/etc' } })).stdout).toBe('/etc\n');
  });

  it('that is not there fails its operation in words of LXD', async () => {
    for (const [command, code, err] of [
      ['no-such-command', 127, 'Command not found'],
      ['/etc/passwd', 126, 'Command not executable'],
    ] as const) {
      const session = await (await start([command])).connect('0', '1', '2', 'control');
      session.read('1').read('2');
      expect(await session.done()).toMatchObject({ status: 'Failure', status_code: 400, err, metadata: { return: code } });
    }
  });

  it('in an instance that is full of processes is refused in words', async () => {
    const limit = async (processes: string) => {
      const { config, ...instance } = await daemon.client.instances.get('c1');
      await daemon.done(daemon.client.instances.replace('c1', { ...instance, config: { ...config, 'limits.processes': processes } }));
    };
    await limit('1');
    await expect(daemon.exec('c1', ['true'])).rejects.toThrow('The instance cannot have one more process');
    await limit('');
    expect((await daemon.exec('c1', ['true'])).code).toBe(0);
  });
});

describe('output', () => {
  const size = 6_000_000;

  it('larger than 5 MB arrives whole at a slow reader', async () => {
    const session = await (await start(shell(`head -c ${size} /dev/zero | tr '\\0' x; echo end`))).connect('0', '1', '2', 'control');
    // Nothing is read for a while: the command has to wait, the daemon does not.
    await present('head -c', true);
    expect((await daemon.exec('c1', ['true'])).code).toBe(0);
    session.read('1', true);
    expect(await session.done()).toMatchObject({ metadata: { return: 0 } });
    await session.closed('1');
    expect(session.shown('1').length).toBe(size + 4);
    expect(session.shown('1').endsWith('xend\n')).toBe(true);
  });

  it('of a terminal arrives whole at a slow reader', async () => {
    const session = await (await start(shell(`stty raw; head -c ${size} /dev/zero | tr '\\0' x; echo end`), terminal)).connect(
      '0',
      'control',
    );
    await present('head -c', true);
    session.read('0', true);
    expect(await session.done()).toMatchObject({ metadata: { return: 0 } });
    await session.closed('0');
    expect(session.shown('0').length).toBe(size + 4);
    expect(session.shown('0').endsWith('xend\n')).toBe(true);
  });

  it('of a command that is long over arrives whole', async () => {
    for (const [body, name] of [
      [piped, '1'],
      [terminal, '0'],
    ] as const) {
      const session = await start(shell("stty raw 2>&-; head -c 1100000 /dev/zero | tr '\\0' x; echo end; touch /over"), body);
      await session.connect(...Object.keys(session.operation.metadata?.fds as object));
      await daemon.exec('c1', shell('while [ ! -e /over ]; do usleep 10000; done; rm /over'));
      session.read(name, true);
      expect(await session.done()).toMatchObject({ metadata: { return: 0 } });
      await session.closed(name);
      expect(session.shown(name).length).toBe(1_100_004);
    }
  });

  it('of what the command left in the background is read to its end', async () => {
    const late = await daemon.exec('c1', shell('(usleep 500000; echo late) & echo hi'));
    expect(late).toEqual({ code: 0, stdout: 'hi\nlate\n', stderr: '' });
  });

  it('held open in the background keeps the operation until the client goes', async () => {
    for (const leave of [['1', '2'], ['control']]) {
      const session = await (await start(shell('sleep 3333 & echo said'))).connect('0', '1', '2', 'control');
      await session.read('1').read('2').shows('1', /said/);
      // A client that goes while the command itself still runs ends it.
      await present('sh -c sleep 3333', false);
      session.terminate(...leave);
      expect(await session.done()).toMatchObject({ status_code: 200, metadata: { return: 0 } });
      expect(await processes()).toContain('sleep 3333');
      await daemon.exec('c1', ['killall', 'sleep']);
    }
  });

  it('of a terminal held open in the background does not keep the command from ending', async () => {
    const session = await (await start(shell("trap '' HUP; sleep 3333 & echo said"), terminal)).connect('0', 'control');
    await session.read('0').shows('0', /said/);
    expect(await session.done()).toMatchObject({ metadata: { return: 0 } });
    expect(await processes()).toContain('sleep 3333');
    await daemon.exec('c1', ['killall', 'sleep']);
  });

  it('of twenty at once is each its own, and the daemon keeps no descriptor of them', async () => {
    const one = async (n: number) => {
      const { code, stdout, stderr } = await daemon.exec('c1', shell(`cat; echo err ${n} >&2; exit ${n}`), { stdin: `in ${n}` });
      expect([code, stdout, stderr]).toEqual([n, `in ${n}`, `err ${n}\n`]);
    };
    const all = () => Promise.all(Array.from({ length: 20 }, (_, n) => one(n)));
    await all();
    const before = await fds();
    for (let round = 0; round < 3; round++) await all();
    for (let n = 0; n < 20; n++) await daemon.exec('c1', ['no-such-command']);
    // The last sockets close a moment after their operations.
    await vi.waitFor(async () => expect(await fds()).toBeLessThan(before + 30), { timeout: 20_000 });
  });
});

describe('the console', () => {
  const attach = async () => {
    const operation = await daemon.client.instances.console('c1', { width: 80, height: 24, type: 'console' });
    const session = await new WireSession(daemon.client, operation).connect('0', 'control');
    return session.read('0');
  };

  it('is a shell: it takes commands, and ^C ends what runs in the foreground', async () => {
    const session = await attach();
    session.type('echo $((40+2))\n');
    await session.shows('0', /^42\r$/m);
    session.type('sleep 4444\n');
    await present('sleep 4444', true);
    session.type('\x03');
    await present('sleep 4444', false);
    session.type('echo after $((1+1))\n');
    await session.shows('0', /^after 2\r$/m);
    session.terminate();
    expect(await session.done()).toMatchObject({ status_code: 200 });
  });

  it('can be left and taken again, by one at a time', async () => {
    const first = await attach();
    first.type('echo mine $((2+3))\n');
    await first.shows('0', /mine 5/);
    await expect(attach()).rejects.toMatchObject({ status: 409, message: 'The console is in use by another client' });
    first.type('echo still $((3+4))\n');
    await first.shows('0', /still 7/);
    first.socket('0').close();
    expect(await first.done()).toMatchObject({ status_code: 200 });
    const third = await attach();
    third.type('echo third $((4+5))\n');
    await third.shows('0', /third 9/);
    // Cancelled by another client.
    await daemon.client.operations.cancel(third.operation.id);
    expect(await third.done()).toMatchObject({ status_code: 401 });
    await third.closed('0');
    const log = (await daemon.client.instances.consoleLog('c1')).toString();
    for (const text of ['mine 5', 'still 7', 'third 9']) expect(log).toContain(text);
  });

  it('ends with the instance', async () => {
    const session = await attach();
    const stop = daemon.done(daemon.client.instances.setState('c1', { action: 'stop', force: true, timeout: 10 }));
    await session.closed('0');
    expect(await session.done()).toMatchObject({ status_code: 200 });
    await stop;
    await daemon.done(daemon.client.instances.setState('c1', { action: 'start', force: false, timeout: 10 }));
  });
});

describe('the end of', () => {
  it('the instance ends its commands', async () => {
    const session = await (await start(['sleep', '5555'])).connect('0', '1', '2', 'control');
    await present('sleep 5555', true);
    await daemon.done(daemon.client.instances.setState('c1', { action: 'restart', force: true, timeout: 10 }));
    expect(await session.done()).toMatchObject({ status_code: 200, metadata: { return: 137 } });
  });

  it('a guest that does not shut down comes by force, or it goes on when nobody waits any more', async () => {
    await daemon.launchInstance('deaf');
    process.kill((await daemon.client.instances.state('deaf')).pid, 'SIGSTOP');
    const ask = (force: boolean) => daemon.client.instances.setState('deaf', { action: 'stop', force, timeout: -1 });
    const cancelled = await ask(false);
    await daemon.client.operations.cancel(cancelled.id);
    expect(await daemon.client.operations.wait(cancelled.id)).toMatchObject({ status_code: 401 });
    expect((await daemon.client.instances.get('deaf')).status).toBe('Running');
    const waiting = await ask(false);
    await expect(ask(false)).rejects.toThrow('Instance is busy running a "stop" operation');
    await daemon.done(ask(true));
    expect(await daemon.client.operations.wait(waiting.id)).toMatchObject({ status_code: 200 });
    await daemon.remove('deaf');
  });

  it('the daemon ends its sessions', async () => {
    const session = await (await start(['sleep', '6666'])).connect('0', '1', '2', 'control');
    await present('sleep 6666', true);
    const exit = once(daemon.process as NodeJS.EventEmitter, 'exit');
    daemon.process?.kill('SIGTERM');
    await exit;
    await session.closed('control');
    await daemon.launch();
    await present('sleep 6666', false);
    expect(await processes()).not.toContain('sleep 6666');
  });
});
