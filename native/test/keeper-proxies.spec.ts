import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Keeper, LaunchPlan, ProxyAddress, ProxyPlan } from '#lib/host';
import { missing, parentOf, World } from './keeper-world.ts';

const reason = missing();
const loopback = '127.0.0.1';
const tcp = (port: number): ProxyAddress => ({ kind: 'tcp', host: loopback, port });
const udp = (port: number): ProxyAddress => ({ kind: 'udp', host: loopback, port });
const path = (host: string): ProxyAddress => ({ kind: 'path', host, port: 0 });
const abstract = (host: string): ProxyAddress => ({ kind: 'abstract', host, port: 0 });

describe.skipIf(reason !== null)(`proxies${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let keeper: Keeper;
  let plan: LaunchPlan;
  /** Says back what it hears, on the host. */
  let echo: Server;
  let port: number;
  let names = 0;
  beforeAll(async () => {
    world = new World();
    chmodSync(world.root, 0o755);
    await world.keepers.prepare();
    plan = world.plan();
    keeper = await world.keepers.launch(plan);
    echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket));
    echo.listen(0, loopback);
    await once(echo, 'listening');
    port = (echo.address() as AddressInfo).port;
  });
  afterAll(async () => {
    echo.close();
    await world.dispose();
  });

  const start = async (change: Partial<ProxyPlan> & Pick<ProxyPlan, 'listens' | 'listen' | 'connect'>) => {
    const name = change.name ?? `p${(names += 1)}`;
    await keeper.startProxy({ name, header: false, owner: { mode: 0o600, uid: 0, gid: 0 }, uid: 0, gid: 0, ...change });
    return name;
  };
  /** A port of the host that nobody has. */
  const freePort = async () => {
    const probe = createServer().listen(0, loopback);
    await once(probe, 'listening');
    const { port: found } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return found;
  };
  const open = async (options: NetConnectOpts): Promise<Socket> => {
    const socket = connect({ allowHalfOpen: true, ...options });
    await once(socket, 'connect');
    return socket;
  };
  /** What comes back until the other side ends. */
  const answer = async (options: NetConnectOpts, words: Buffer | string): Promise<Buffer> => {
    const socket = await open(options);
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part as Buffer));
    socket.end(words);
    await once(socket, 'close');
    return Buffer.concat(parts);
  };
  /** From the host into the container and out again, to the echo. */
  const roundTrip = async (middle: ProxyAddress) => {
    const entrance = await freePort();
    const out = await start({ listens: 'inside', listen: [middle], connect: [tcp(port)] });
    const into = await start({ listens: 'host', listen: [tcp(entrance)], connect: [middle] });
    return { entrance, end: () => Promise.all([out, into].map((name) => keeper.endProxy(name))) };
  };

  it.each([
    ['tcp', tcp(7001)],
    ['a unix socket', path('/tmp/middle')],
    ['an abstract unix socket', abstract('middle')],
  ])('carry what comes into the container and out of it, by %s, whole and in order', async (_, middle) => {
    const { entrance, end } = await roundTrip(middle);
    const words = Buffer.alloc(3 << 20, 'a line that repeats itself, with a number in it 1234567\n');
    expect((await answer({ port: entrance, host: loopback }, words)).equals(words)).toBe(true);
    await end();
    await expect(open({ port: entrance, host: loopback })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('carry many connections at once by one process, which keeps nothing of them', async () => {
    const { entrance, end } = await roundTrip(tcp(7002));
    const keeperPid = parentOf(keeper.info.initPid);
    const children = () => readFileSync(`/proc/${keeperPid}/task/${keeperPid}/children`, 'utf8').trim().split(' ');
    const before = children();
    const descriptors = () => before.map((pid) => statSync(`/proc/${pid}/fd`).size);
    const idle = descriptors();
    const sockets = await Promise.all(Array.from({ length: 400 }, () => open({ port: entrance, host: loopback })));
    const heard = sockets.map((socket) => once(socket, 'data'));
    for (const [number, socket] of sockets.entries()) socket.write(`client ${number}`);
    expect((await Promise.all(heard)).map(([part]) => String(part))).toEqual(sockets.map((_, number) => `client ${number}`));
    expect(children()).toEqual(before);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(() => expect(descriptors().every((count, each) => count <= (idle[each] ?? 0) + 130)).toBe(true), { timeout: 20_000 });
    await end();
  });

  it('carry datagrams, each client with its own answers', async () => {
    const server = createSocket('udp4');
    server.on('message', (words, from) => server.send(`you said ${words.toString()}`, from.port, from.address));
    server.bind(0, loopback);
    await once(server, 'listening');
    const probe = createSocket('udp4').bind(0, loopback);
    await once(probe, 'listening');
    const entrance = probe.address().port;
    probe.close();
    await once(probe, 'close');
    await start({ listens: 'inside', listen: [udp(7003)], connect: [udp(server.address().port)], name: 'udp-out' });
    await start({ listens: 'host', listen: [udp(entrance)], connect: [udp(7003)], name: 'udp-in' });
    const clients = ['a', 'b', 'c'].map((name) => ({ name, socket: createSocket('udp4') }));
    for (const { name, socket } of clients) {
      const heard = once(socket, 'message');
      socket.send(name, entrance, loopback);
      expect(String((await heard)[0])).toBe(`you said ${name}`);
      socket.close();
    }
    server.close();
    await keeper.endProxy('udp-in');
    await keeper.endProxy('udp-out');
  });

  it('tell the target who the client is, before anything else', async () => {
    const entrance = await freePort();
    const out = await start({ listens: 'inside', listen: [tcp(7004)], connect: [tcp(port)] });
    const into = await start({ listens: 'host', listen: [tcp(entrance)], connect: [tcp(7004)], header: true });
    const said = String(await answer({ port: entrance, host: loopback }, 'hello'));
    expect(said).toMatch(new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${entrance}\\r\\nhello$`));
    await keeper.endProxy(out);
    await keeper.endProxy(into);
  });

  it('end a client whose target is not there, and say at once what they cannot have', async () => {
    const entrance = await freePort();
    const name = await start({ listens: 'host', listen: [tcp(entrance)], connect: [tcp(7999)] });
    expect(await answer({ port: entrance, host: loopback }, 'x').catch((error: { code: string }) => error.code)).toSatisfy(
      (said: unknown) => said === 'ECONNRESET' || (said as Buffer).length === 0,
    );
    await expect(start({ listens: 'host', listen: [tcp(entrance)], connect: [tcp(1)] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(start({ listens: 'host', listen: [tcp(entrance)], connect: [tcp(1)], name })).rejects.toMatchObject({ code: 'EEXIST' });
    await keeper.endProxy(name);
    // Again: what is gone is gone.
    await keeper.endProxy(name);
  });

  it('listen at a path for whom they are told to, in the place of a dead socket, and of nothing else', async () => {
    const place = join(world.root, 'front');
    writeFileSync(place, 'a file of the host');
    await expect(start({ listens: 'host', listen: [path(place)], connect: [tcp(7005)] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(readFileSync(place, 'utf8')).toBe('a file of the host');
    rmSync(place);
    const out = await start({ listens: 'inside', listen: [tcp(7005)], connect: [tcp(port)] });
    for (let round = 0; round < 2; round += 1) {
      const into = await start({ listens: 'host', listen: [path(place)], connect: [tcp(7005)], owner: { mode: 0o640, uid: 7, gid: 9 } });
      const { mode, uid, gid } = statSync(place);
      expect([mode & 0o777, uid, gid]).toEqual([0o640, 7, 9]);
      expect(String(await answer({ path: place }, 'hello'))).toBe('hello');
      // Killed, it leaves its socket; the next one takes it.
      await keeper.endProxy(into);
      expect(existsSync(place)).toBe(true);
    }
    await keeper.endProxy(out);
  });

  it('are led nowhere by links of the guest, and have none of the rights of the host in the container', async () => {
    const secret = join(world.root, 'secret');
    const server = createServer((socket) => socket.end('secret')).listen(secret);
    await once(server, 'listening');
    await world.run(keeper, ['ln', '-s', secret, '/tmp/sly']);
    const entrance = await freePort();
    const name = await start({ listens: 'host', listen: [tcp(entrance)], connect: [path('/tmp/sly')] });
    expect(String(await answer({ port: entrance, host: loopback }, '').catch(() => ''))).toBe('');
    // What listens inside is bound there, whatever lies at that path on the host.
    const inside = await start({ listens: 'inside', listen: [path('/tmp/own')], connect: [tcp(port)] });
    expect(existsSync('/tmp/own')).toBe(false);
    expect((await world.run(keeper, ['stat', '-c', '%F', '/tmp/own'])).output.trim()).toBe('socket');
    const keeperPid = parentOf(keeper.info.initPid);
    const pids = readFileSync(`/proc/${keeperPid}/task/${keeperPid}/children`, 'utf8').trim().split(' ');
    const proxies = pids.filter((pid) => Number(pid) !== keeper.info.initPid).map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
    expect(proxies).toHaveLength(2);
    const capabilities = proxies.map((status) => /^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? '');
    // CAP_DAC_OVERRIDE alone, in the container's user namespace, of the one that opens paths there.
    expect(new Set(capabilities)).toEqual(new Set(['0000000000000000', '0000000000000002']));
    expect(proxies.every((status) => /^NoNewPrivs:\s*1$/m.test(status))).toBe(true);
    await keeper.endProxy(name);
    await keeper.endProxy(inside);
    server.close();
  });

  it('are there again when the guest has rebooted, for every daemon, and end with the container', async () => {
    const { entrance } = await roundTrip(tcp(7006));
    const again = new Promise((resolve) => {
      keeper.onReboot = resolve;
    });
    void world.run(keeper, ['reboot', '-f']);
    await again;
    expect(String(await answer({ port: entrance, host: loopback }, 'hello'))).toBe('hello');
    await keeper.kill();
    await expect(open({ port: entrance, host: loopback })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await world.traces(plan)).toEqual([]);
  });
});
