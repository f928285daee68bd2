import { closeSync, fstatSync, mkdirSync, mkdtempSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import addon from '#native';
import type { Channel } from '#native';
import { isCloseOnExec } from './machine.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'channel-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function pair(): [Channel, Channel] {
  const [left, right] = addon.channelPair();
  return [addon.Channel.adopt(left), addon.Channel.adopt(right)];
}

const nextMessage = (channel: Channel): Promise<{ data: Buffer; fds: number[] }> =>
  new Promise((resolve) => {
    channel.onMessage = (data, fds) => {
      channel.onMessage = null;
      resolve({ data, fds });
    };
  });
const closed = (channel: Channel): Promise<Error | null> =>
  new Promise((resolve) => {
    channel.onClose = resolve;
  });

async function connection(path: string): Promise<{ client: Channel; server: Channel; listener: { close(): void } }> {
  let listener!: { close(): void };
  const accepted = new Promise<Channel>((resolve) => {
    listener = addon.Channel.listen(path, resolve);
  });
  const client = addon.Channel.connect(path);
  return { client, server: await accepted, listener };
}

describe('Channel', () => {
  it('connects, knows its peer and keeps message boundaries', async () => {
    const path = join(directory, 's');
    const { client, server, listener } = await connection(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(server.peer).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    client.send(Buffer.from('one'));
    client.send(Buffer.from('two'));
    expect((await nextMessage(server)).data.toString()).toBe('one');
    expect((await nextMessage(server)).data.toString()).toBe('two');
    const end = closed(server);
    client.close();
    expect(await end).toBeNull();
    listener.close();
    expect(() => addon.Channel.connect(path)).toThrow(expect.objectContaining({ code: 'ECONNREFUSED', syscall: 'connect', path }));
  });

  it('reaches sockets by paths longer than sun_path', async () => {
    const deep = join(directory, 'd'.repeat(100), 'e'.repeat(100));
    mkdirSync(deep, { recursive: true });
    const { client, server, listener } = await connection(join(deep, 'unix.socket'));
    server.send(Buffer.from('hello'));
    expect((await nextMessage(client)).data.toString()).toBe('hello');
    client.close();
    server.close();
    listener.close();
  });

  it('passes file descriptors, which arrive close-on-exec', async () => {
    const [left, right] = pair();
    const { read, write } = addon.pipe();
    left.send(Buffer.from('x'), [write, read]);
    const { fds } = await nextMessage(right);
    expect(fds).toHaveLength(2);
    expect(fds.map(isCloseOnExec)).toEqual([true, true]);
    writeSync(fds[0] ?? -1, 'through');
    const buffer = Buffer.alloc(20);
    expect(buffer.toString('utf8', 0, readSync(read, buffer))).toBe('through');
    for (const fd of [read, write, ...fds]) addon.closeFd(fd);
    left.close();
    right.close();
  });

  it('takes 200 KiB in one message', async () => {
    const [left, right] = pair();
    left.send(Buffer.alloc(200 * 1024, 7));
    const { data } = await nextMessage(right);
    expect(data.length).toBe(200 * 1024);
    expect(data.every((byte) => byte === 7)).toBe(true);
    left.close();
    right.close();
  });

  it('keeps messages, and the news of the end, for handlers that are set later', async () => {
    const [left, right] = pair();
    left.send(Buffer.from('early'));
    left.close();
    const end = closed(right);
    await new Promise((resolve) => setImmediate(resolve));
    const { data } = await nextMessage(right);
    expect(data.toString()).toBe('early');
    right.onMessage = () => undefined;
    expect(await end).toBeNull();
  });

  it('says what it cannot send', () => {
    const [left, right] = pair();
    expect(() => left.send(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(() => left.send(Buffer.from('x'), [9999])).toThrow(expect.objectContaining({ code: 'EBADF', errno: -9, syscall: 'sendmsg' }));
    expect(() => {
      for (;;) left.send(Buffer.alloc(100_000));
    }).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
    right.close();
    expect(() => left.send(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'EPIPE' }));
    left.close();
    expect(() => left.send(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'EBADF' }));
    left.close();
  });

  it('adopts only message sockets', () => {
    const [left, right] = addon.socketPair();
    expect(() => addon.Channel.adopt(left)).toThrow(expect.objectContaining({ code: 'EPROTOTYPE' }));
    expect(fstatSync(left).isSocket()).toBe(true);
    closeSync(left);
    closeSync(right);
    expect(() => Reflect.construct(addon.Channel, [])).toThrow(TypeError);
  });

  it('stops within a burst when its handler closes it', async () => {
    const [left, right] = pair();
    for (let i = 0; i < 5; i += 1) left.send(Buffer.from(`${i}`));
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      right.onMessage = (data) => {
        seen.push(data.toString());
        if (seen.length === 2) {
          right.close();
          setImmediate(resolve);
        }
      };
    });
    expect(seen).toEqual(['0', '1']);
    left.close();
  });
});
