import { execFileSync } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Keeper, LinuxLinks, type LinkLimits, type LinkPlan } from '#lib/host';
import { missing, parentOf, World } from './keeper-world.ts';

const reason = missing();
const tag = process.pid % 100_000;

describe.skipIf(reason !== null)(`limits of links${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  const host = `kl${tag}`;
  const links = new LinuxLinks();
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  const cable = (limits?: LinkLimits): LinkPlan => ({
    kind: 'veth',
    hostName: host,
    name: 'eth0',
    bridge: null,
    mac: null,
    hostMac: null,
    mtu: null,
    limits,
  });
  const launch = (planned: LinkPlan[]) => world.keepers.launch(world.plan({ links: planned }));
  const tc = (...words: string[]) => execFileSync('tc', words, { encoding: 'utf8' });
  const names = async () => (await links.list()).map(({ name }) => name);
  /** The link by which what comes from the instance goes; '' where it goes directly. */
  const ifb = () => /Redirect to device (\w+)\)/.exec(tc('filter', 'show', 'dev', host, 'ingress'))?.[1] ?? '';
  /** What the kernel holds: the rate to the instance and from it. */
  const inForce = () => {
    const rateOf = (name: string) => / tbf .* rate (\S+)/.exec(tc('qdisc', 'show', 'dev', name))?.[1] ?? null;
    return [rateOf(host), ifb() ? rateOf(ifb()) : null];
  };
  const rebooted = async (keeper: Keeper) => {
    const again = new Promise((resolve) => {
      keeper.onReboot = resolve;
    });
    void world.run(keeper, ['reboot', '-f']);
    await again;
  };

  it('are there from the start, change while it runs, and hold after a reboot of the guest', async () => {
    const keeper = await launch([cable({ in: 10_000_000, out: 5_000_000 })]);
    const made = ifb();
    expect(inForce()).toEqual(['10Mbit', '5Mbit']);
    await keeper.limit('eth0', { in: 20_000_000, out: 30_000_000 });
    expect(inForce()).toEqual(['20Mbit', '30Mbit']);
    await rebooted(keeper);
    expect(inForce()).toEqual(['20Mbit', '30Mbit']);
    await keeper.limit('eth0', { in: 40_000_000_000, out: null });
    expect(inForce()).toEqual(['40Gbit', null]);
    await keeper.limit('eth0', { in: null, out: 8 });
    expect(inForce()).toEqual([null, '8bit']);
    await keeper.limit('eth0', { in: null, out: null });
    await keeper.limit('eth0', { in: null, out: null });
    expect(inForce()).toEqual([null, null]);
    await rebooted(keeper);
    expect(inForce()).toEqual([null, null]);
    expect(await names()).not.toContain(made);
    await keeper.kill();
  });

  it('come with a link that is plugged in, and go with it', async () => {
    const keeper = await launch([]);
    await keeper.plug(cable({ in: null, out: 5_000_000 }));
    expect(inForce()).toEqual([null, '5Mbit']);
    const made = ifb();
    await keeper.unplug('eth0');
    expect(await names()).not.toContain(made);
    await expect(keeper.limit('eth0', { in: 1, out: 1 })).rejects.toMatchObject({ code: 'ENODEV' });
    await keeper.kill();
  });

  it('leave nothing on the host, however the keeper ends', async () => {
    const keeper = await launch([cable({ in: null, out: 5_000_000 })]);
    const made = ifb();
    expect(await names()).toContain(made);
    await keeper.kill();
    expect(await names()).not.toContain(made);
    const second = await launch([cable()]);
    // Not in any plan on disk.
    await second.limit('eth0', { in: null, out: 5_000_000 });
    expect(ifb()).toBe(made);
    process.kill(parentOf(second.info.initPid), 'SIGKILL');
    await second.ended;
    await expect.poll(names).not.toContain(made);
  });

  it('that cannot be made leave no link', async () => {
    const keeper = await launch([cable({ in: null, out: 5_000_000 })]);
    const made = ifb();
    await keeper.kill();
    // Of somebody else.
    await links.createBridge(made, {});
    try {
      await expect(launch([cable({ in: null, out: 5_000_000 })])).rejects.toThrow(`links: limit ${host}: EEXIST`);
      expect(await names()).not.toContain(host);
      expect((await links.list()).find((link) => link.name === made)).toMatchObject({ kind: 'bridge' });
    } finally {
      await links.deleteLink(made);
    }
  });

  it('hold back what is sent either way, whatever the guest does to its end', async () => {
    const bytes = 2_000_000;
    const keeper = await launch([cable({ in: 16_000_000, out: 16_000_000 })]);
    await links.addAddress(host, '198.18.79.1/24');
    await world.run(keeper, ['sh', '-c', 'ip addr add 198.18.79.2/24 dev eth0; busybox tc qdisc del dev eth0 root']);
    const through = async (direction: 'in' | 'out') => {
      let got = 0;
      const server = createServer((socket) => {
        socket.on('data', (data) => void (got += data.length));
        if (direction === 'in') socket.end(Buffer.alloc(bytes));
      });
      const port = await new Promise<number>((resolve) => {
        server.listen(0, '198.18.79.1', () => resolve((server.address() as AddressInfo).port));
      });
      const nc = `busybox nc 198.18.79.1 ${port}`;
      const begin = performance.now();
      const { output } = await world.run(keeper, [
        'sh',
        '-c',
        direction === 'out' ? `busybox head -c ${bytes} /dev/zero | ${nc}` : `${nc} </dev/null | busybox wc -c`,
      ]);
      const seconds = (performance.now() - begin) / 1000;
      await new Promise((resolve) => server.close(resolve));
      return { got: direction === 'out' ? got : Number(output), seconds };
    };
    for (const direction of ['out', 'in'] as const) {
      const { got, seconds } = await through(direction);
      expect(got).toBe(bytes);
      // 2 MB at 2 MB a second, less what may go at once and what the sockets hold.
      expect(seconds).toBeGreaterThan(0.6);
    }
    await keeper.kill();
  });
});
