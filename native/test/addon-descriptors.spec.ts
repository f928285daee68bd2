import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import addon from '#native';
import { isCloseOnExec } from './machine.ts';

describe('descriptors', () => {
  it('are close-on-exec from birth', () => {
    const { read, write } = addon.pipe();
    const fds = [read, write, ...addon.socketPair(), ...addon.channelPair(), addon.pidfdOpen(process.pid)];
    expect(fds.map(isCloseOnExec)).not.toContain(false);
    for (const fd of fds) addon.closeFd(fd);
  });

  it("fail in Node's own shape", () => {
    let failure: unknown;
    try {
      addon.closeFd(9999);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({ code: 'EBADF', errno: -9, syscall: 'close', message: 'EBADF: bad file descriptor, close' });
    expect(() => Reflect.apply(addon.closeFd, null, ['1'])).toThrow(TypeError);
  });

  it('tell who is at the other end of a socket', () => {
    const [left, right] = addon.socketPair();
    expect(addon.peerCredentials(left)).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    addon.closeFd(left);
    addon.closeFd(right);
  });

  it('are read as a whole, also from procfs', async () => {
    const fd = openSync('/proc/self/status', 'r');
    expect((await addon.readFd(fd)).toString()).toContain(`Pid:\t${process.pid}`);
    closeSync(fd);
    const self = fileURLToPath(import.meta.url);
    const source = openSync(self, 'r');
    expect(await addon.readFd(source)).toEqual(readFileSync(self));
    closeSync(source);
  });

  it('read many files in one go, with null for those that are not there', async () => {
    const contents = await addon.readFiles(['/proc/self/comm', '/proc/self/nothing', '/proc/sys/kernel/ostype']);
    expect(contents).toEqual([readFileSync('/proc/self/comm', 'utf8'), null, 'Linux\n']);
    await expect(addon.readFiles(['/proc/self'])).rejects.toMatchObject({ code: 'EISDIR', syscall: 'pread', path: '/proc/self' });
  });

  it('set the size of a terminal', () => {
    const terminal = openSync('/dev/ptmx', 'r+');
    addon.setWindowSize(terminal, 132, 43);
    expect(() => addon.setWindowSize(terminal, 70_000, 1)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    closeSync(terminal);
    const { read, write } = addon.pipe();
    expect(() => addon.setWindowSize(write, 80, 24)).toThrow(expect.objectContaining({ code: 'ENOTTY', syscall: 'ioctl' }));
    addon.closeFd(read);
    addon.closeFd(write);
  });
});

describe('pidfds', () => {
  it('signal and watch a process', async () => {
    const child = spawn('cat');
    const pidfd = addon.pidfdOpen(child.pid ?? 0);
    const ended = new Promise<void>((resolve) => {
      addon.pidfdWatch(pidfd, resolve);
    });
    addon.pidfdSendSignal(pidfd, 9);
    addon.closeFd(pidfd);
    await ended;
    if (child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
  });

  it('are silent after their watch was closed', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const child = spawn('cat', { stdio: 'ignore' });
    const pidfd = addon.pidfdOpen(child.pid ?? 0);
    let told = false;
    const watch = addon.pidfdWatch(pidfd, () => {
      told = true;
    });
    watch.close();
    watch.close();
    addon.pidfdSendSignal(pidfd, 9);
    await once(child, 'exit');
    expect(told).toBe(false);
    addon.closeFd(pidfd);
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });

  it('of nobody are refused', () => {
    expect(() => addon.pidfdOpen(2 ** 22 + 1)).toThrow(expect.objectContaining({ code: 'ESRCH', syscall: 'pidfd_open' }));
  });
});

const inWorker = `
  import { Worker, isMainThread } from 'node:worker_threads';
  import addon from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
  if (isMainThread) {
    const worker = new Worker(new URL(import.meta.url), { argv: [process.argv[2]] });
    worker.on('message', () => worker.terminate());
    worker.on('exit', () => console.log('clean'));
  } else {
    const { parentPort } = await import('node:worker_threads');
    const [left, right] = addon.channelPair().map((fd) => addon.Channel.adopt(fd));
    left.onMessage = () => undefined;
    right.onClose = () => undefined;
    addon.pidfdWatch(addon.pidfdOpen(process.pid), () => undefined);
    addon.Channel.listen(process.argv[2], () => undefined);
    void new addon.RouteSocket().links();
    parentPort.postMessage('ready');
  }
`;

describe('an environment that ends', () => {
  it('takes its open handles with it', async () => {
    const directory = mkdtempSync('/tmp/addon-worker-');
    const file = `${directory}/worker.mjs`;
    writeFileSync(file, inWorker);
    const child = spawn(process.execPath, [file, `${directory}/socket`], { stdio: ['ignore', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    rmSync(directory, { recursive: true });
    expect([code, Buffer.concat(output).toString()]).toEqual([0, 'clean\n']);
  });
});

describe('networkPort', () => {
  it('tells connector and transceiver as the driver does, and nothing of a link without a driver', async () => {
    expect(await addon.networkPort('lo')).toBeNull();
    expect(await addon.networkPort('no-such-link')).toBeNull();
    expect(await addon.networkPort('x'.repeat(100))).toBeNull();
    await expect(addon.networkPort(7 as unknown as string)).rejects.toThrow(TypeError);
    for (const name of readdirSync('/sys/class/net')) {
      const port = await addon.networkPort(name);
      if (port)
        expect(port).toEqual({ connector: expect.any(Number), transceiver: expect.any(Number), autoNegotiation: expect.any(Boolean) });
    }
  });
});
