import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import addon from '#native';
import type { LinkInfo, RouteSocket } from '#native';
import { linkName, notRoot } from './machine.ts';

describe('RouteSocket', () => {
  it('lists links, addresses and routes', async () => {
    const socket = new addon.RouteSocket();
    const { links, addresses } = await socket.snapshot();
    expect(links[0]).toMatchObject({ index: 1, name: 'lo', kind: '', hardwareType: 772, mac: '00:00:00:00:00:00', master: 0 });
    expect(links[0]?.counters.rxBytes).toBeTypeOf('number');
    if (links[0]?.up) expect(addresses).toContainEqual({ index: 1, family: 'inet', address: '127.0.0.1', prefix: 8, scope: 'local' });
    expect(await socket.routes()).toBeInstanceOf(Array);
    socket.close();
    await expect(socket.links()).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('finishes what was asked before it was closed', async () => {
    const socket = new addon.RouteSocket();
    const asked = [socket.links(), socket.addresses(), socket.links()];
    socket.close();
    expect((await Promise.all(asked)).map((list) => list.length > 0)).not.toContain(false);
  });

  it("refuses in Node's own shape", async () => {
    const socket = new addon.RouteSocket();
    await expect(socket.deleteLink('no-such-link')).rejects.toMatchObject({
      code: 'ENODEV',
      errno: -19,
      syscall: 'RTM_DELLINK',
      path: 'no-such-link',
      message: "ENODEV: no such device, RTM_DELLINK 'no-such-link'",
    });
    await expect(socket.createBridge('sixteen-letters-')).rejects.toMatchObject({ code: 'EINVAL', path: 'sixteen-letters-' });
    await expect(socket.createBridge('x', { mac: '00:16:3e:zz:00:00' })).rejects.toMatchObject({
      code: 'EINVAL',
      path: '00:16:3e:zz:00:00',
    });
    await expect(socket.addAddress('lo', '10.0.0.300/24')).rejects.toMatchObject({ code: 'EINVAL', path: '10.0.0.300/24' });
    await expect(socket.addAddress('lo', '10.0.0.3/33')).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(Reflect.apply(socket.createVeth, socket, ['x', {}])).rejects.toThrow(TypeError);
    socket.close();
  });
});

describe.skipIf(notRoot)('linkWatch (needs root)', () => {
  it('tells of links that are deleted, and of nothing else', async () => {
    const socket = new addon.RouteSocket();
    const [first, second] = [linkName('w1'), linkName('w2')];
    const told: (string[] | null)[] = [];
    let heard = () => {};
    const watch = addon.linkWatch((names) => {
      told.push(names);
      heard();
    });
    // Links of others, such as of containers that end, come and go beside them.
    const own = () => told.flatMap((names) => names ?? [null]).filter((name) => name === null || name === first || name === second);
    const gone = async (count: number) => {
      while (own().length < count) await new Promise<void>((resolve) => (heard = resolve));
    };
    try {
      await socket.createBridge(first);
      await socket.setLink(first, { up: true });
      await socket.deleteLink(first);
      await gone(1);
      expect(own()).toEqual([first]);
      // Both ends of a cable.
      await socket.createVeth(first, { peer: second });
      await socket.deleteLink(second);
      await gone(3);
      expect(new Set(own())).toEqual(new Set([first, second]));
    } finally {
      watch.close();
      socket.close();
    }
  });
});

describe.skipIf(notRoot)('links of the host (needs root)', () => {
  let socket: RouteSocket;
  let sleeper: ChildProcess;
  const made: string[] = [];

  beforeAll(async () => {
    socket = new addon.RouteSocket();
    sleeper = spawn('unshare', ['-n', 'sh', '-c', 'echo ready; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(sleeper.stdout ?? sleeper, 'data');
  });
  afterEach(async () => {
    for (const name of made.splice(0)) await socket.deleteLink(name).catch(() => undefined);
  });
  afterAll(() => {
    sleeper.kill('SIGKILL');
    socket.close();
  });

  function name(prefix: string): string {
    const chosen = linkName(prefix);
    made.push(chosen);
    return chosen;
  }
  async function link(wanted: string): Promise<LinkInfo | undefined> {
    return (await socket.links()).find((candidate) => candidate.name === wanted);
  }

  it('are made, changed, seen and deleted', async () => {
    const bridge = name('tb');
    await socket.createBridge(bridge, { mac: '00:16:3e:01:02:03', mtu: 1400 });
    expect(await link(bridge)).toMatchObject({ kind: 'bridge', mac: '00:16:3e:01:02:03', mtu: 1400, up: false, hardwareType: 1 });
    await expect(socket.createBridge(bridge)).rejects.toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWLINK', path: bridge });
    await socket.setLink(bridge, { up: true, mtu: 1300 });
    expect(await link(bridge)).toMatchObject({ up: true, mtu: 1300 });
    await socket.setLink(bridge, { up: false });
    const other = name('tr');
    await socket.setLink(bridge, { rename: other });
    expect(await link(bridge)).toBeUndefined();
    await socket.deleteLink(other);
    expect(await link(other)).toBeUndefined();
  });

  it.each(['pid', 'fd'] as const)('join a bridge with a namespace given by %s', async (way) => {
    const bridge = name('tb');
    const host = name('tv');
    await socket.createBridge(bridge);
    const fd = openSync(`/proc/${sleeper.pid}/ns/net`, 'r');
    const namespace = way === 'pid' ? { namespacePid: sleeper.pid ?? 0 } : { namespaceFd: fd };
    await socket.createVeth(host, {
      peer: 'eth0',
      ...namespace,
      bridge,
      mac: '00:16:3e:00:00:01',
      peerMac: '00:16:3e:00:00:02',
      mtu: 1450,
      up: true,
    });
    closeSync(fd);
    expect(await link(host)).toMatchObject({
      kind: 'veth',
      up: true,
      mac: '00:16:3e:00:00:01',
      mtu: 1450,
      master: (await link(bridge))?.index,
    });
    expect((await link(host))?.peerIndex).toBeGreaterThan(0);
    expect(readFileSync(`/proc/${sleeper.pid}/net/dev`, 'utf8')).toContain('eth0:');
    await socket.setLink(host, { bridge: null });
    expect(await link(host)).toMatchObject({ master: 0 });
    await socket.deleteLink(host);
    expect(readFileSync(`/proc/${sleeper.pid}/net/dev`, 'utf8')).not.toContain('eth0:');
  });

  it('leave nothing when the bridge or the namespace is not there', async () => {
    const host = name('tv');
    await expect(socket.createVeth(host, { peer: 'eth0', bridge: 'no-such-bridge' })).rejects.toMatchObject({
      code: 'ENODEV',
      path: 'no-such-bridge',
    });
    await expect(socket.createVeth(host, { peer: 'eth0', namespacePid: 2 ** 22 + 1 })).rejects.toMatchObject({ code: 'ESRCH' });
    expect(await link(host)).toBeUndefined();
  });

  it('have addresses and routes', async () => {
    const bridge = name('tb');
    await socket.createBridge(bridge);
    await socket.setLink(bridge, { up: true });
    const index = (await link(bridge))?.index ?? 0;
    await socket.addAddress(bridge, '198.51.100.1/25');
    await socket.addAddress(bridge, '2001:db8:77::1/64');
    await expect(socket.addAddress(bridge, '198.51.100.1/25')).rejects.toMatchObject({ code: 'EEXIST', path: '198.51.100.1/25' });
    expect(await socket.addresses()).toEqual(
      expect.arrayContaining([
        { index, family: 'inet', address: '198.51.100.1', prefix: 25, scope: 'global' },
        { index, family: 'inet6', address: '2001:db8:77::1', prefix: 64, scope: 'global' },
      ]),
    );
    await socket.addRoute({ destination: '203.0.113.0/24', gateway: '198.51.100.2' });
    await socket.addRoute({ destination: '2001:db8:78::/48', link: bridge });
    expect(await socket.routes()).toEqual(
      expect.arrayContaining([
        { family: 'inet', destination: '198.51.100.0/25', gateway: null, index },
        { family: 'inet', destination: '203.0.113.0/24', gateway: '198.51.100.2', index },
        { family: 'inet6', destination: '2001:db8:78::/48', gateway: null, index },
      ]),
    );
    await socket.deleteRoute({ destination: '203.0.113.0/24' });
    await socket.deleteRoute({ destination: '2001:db8:78::/48', link: bridge });
    await socket.deleteAddress(bridge, '198.51.100.1/25');
    expect((await socket.routes()).filter((route) => route.index === index && route.family === 'inet')).toEqual([]);
    await expect(socket.deleteAddress(bridge, '198.51.100.1/25')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it('are many, and all are listed', async () => {
    const names = Array.from({ length: 40 }, (_, i) => name(`t${i}x`));
    await Promise.all(names.map((each) => socket.createBridge(each)));
    const seen = new Set((await socket.links()).map((each) => each.name));
    expect(names.filter((each) => !seen.has(each))).toEqual([]);
    await Promise.all(names.map((each) => socket.deleteLink(each)));
  });
});
