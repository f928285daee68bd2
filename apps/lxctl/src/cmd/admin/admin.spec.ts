import { describe, expect, it, vi } from 'vitest';
import { ConnectError } from '#lib/client';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

function server(): FakeServer {
  return new FakeServer()
    .sync('POST /1.0/storage-pools', {})
    .sync('POST /1.0/networks', {})
    .sync('POST /1.0/profiles', {})
    .sync('PATCH /1.0', {});
}

describe('admin init', () => {
  it('adds what is missing', async () => {
    const fake = server()
      .sync('GET /1.0/storage-pools?recursion=1', [])
      .sync('GET /1.0/networks?recursion=1', [{ name: 'lxctlbr0', managed: false }])
      .sync('GET /1.0/profiles?recursion=1', [{ name: 'default', devices: {} }])
      .sync('GET /1.0/profiles/default', { name: 'default', description: 'd', config: {}, devices: {} }, '"e"')
      .sync('PUT /1.0/profiles/default', {});
    const outcome = await lxctl(fake, 'admin init --auto');
    expect(outcome).toEqual({ code: 0, out: 'Storage pool default created\nNetwork lxctlbr1 created\nProfile default updated\n', err: '' });
    expect(fake.sent('PUT /1.0/profiles/default')).toMatchObject([
      { devices: { root: { pool: 'default', path: '/' }, eth0: { type: 'nic', network: 'lxctlbr1' } }, description: 'd' },
    ]);
  });

  it('leaves a server alone that has it all', async () => {
    const fake = server()
      .sync('GET /1.0/storage-pools?recursion=1', [{ name: 'p' }])
      .sync('GET /1.0/networks?recursion=1', [{ name: 'n', managed: true }])
      .sync('GET /1.0/profiles?recursion=1', [{ name: 'default', devices: { a: { type: 'disk', path: '/' }, b: { type: 'nic' } } }]);
    expect((await lxctl(fake, 'admin init')).out).toBe('Nothing to do: the server is set up\n');
  });

  it('follows a preseed, and refuses one that it cannot follow', async () => {
    const fake = server();
    const preseed =
      'config: {core.x: 1}\nnetworks: [{name: n1, config: {ipv4.nat: true}}]\nstorage_pools: [{name: p1, driver: dir}]\nprofiles: [{name: a}]\n';
    const outcome = await lxctl(fake, 'admin init --preseed', (io) => Object.assign(io, { document: preseed }));
    expect(outcome.out).toBe('Server configured\nStorage pool p1 created\nNetwork n1 created\nProfile a created\n');
    expect(fake.sent('PATCH /1.0')).toEqual([{ config: { 'core.x': '1' } }]);
    expect(fake.sent('POST /1.0/networks')).toEqual([{ name: 'n1', type: 'bridge', description: '', config: { 'ipv4.nat': 'true' } }]);
    const cluster = await lxctl(server(), 'admin init --preseed', (io) => Object.assign(io, { document: 'cluster: {}\n' }));
    expect(cluster.err).toContain('cannot set up: cluster');
  });
});

describe('admin waitready and shutdown', () => {
  it('waits until the server serves', async () => {
    const fake = new FakeServer().error('GET /1.0', 503, 'LXD daemon setup in progress');
    const run = lxctl(fake, 'admin waitready');
    await expect.poll(() => fake.asked.length).toBeGreaterThan(1);
    fake.sync('GET /1.0', {});
    expect((await run).code).toBe(0);
  });

  it('waits no longer than it is told, also for a server that never answers', async () => {
    const fake = new FakeServer();
    fake.request = () => new Promise(() => {});
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const run = lxctl(fake, 'admin waitready --timeout 3').finally(() => vi.useRealTimers());
    // The verb is loaded first.
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(3000);
    expect(await run).toMatchObject({ code: 1, err: expect.stringContaining('is not ready after 3 seconds') });
  });

  it('gives up where it is no matter of time', async () => {
    const fake = new FakeServer();
    fake.request = async () => {
      throw new ConnectError('/s', 'EACCES');
    };
    expect((await lxctl(fake, 'admin waitready')).err).toContain('Not allowed to open /s');
  });

  it('shuts down and waits until the socket is gone', async () => {
    const fake = new FakeServer().sync('PUT /internal/shutdown?force=1', {}).sync('GET /1.0', {});
    const request = fake.request.bind(fake);
    let left = 2;
    fake.request = async (asked) => {
      if (asked.path === '/1.0' && left-- === 0) throw new ConnectError('/s', 'ENOENT');
      return request(asked);
    };
    expect((await lxctl(fake, 'admin shutdown --force')).code).toBe(0);
    expect(fake.asked[0]?.route).toBe('PUT /internal/shutdown?force=1');
  });
});
