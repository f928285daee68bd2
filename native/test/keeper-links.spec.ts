import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import addon from '#native';
import type { LinkInfo, RouteSocket } from '#native';
import type { Keeper, LaunchPlan, LinkPlan } from '#lib/host';
import { missing, parentOf, World } from './keeper-world.ts';

const reason = missing();
const tag = process.pid % 100_000;

describe.skipIf(reason !== null)(`kinds of links${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let socket: RouteSocket;
  /** One end of a cable on the host, in a network card's place, and the other. */
  const parent = `kp${tag}`;
  const other = `ko${tag}`;
  beforeAll(async () => {
    world = new World();
    socket = new addon.RouteSocket();
    await world.keepers.prepare();
  });
  afterAll(async () => {
    socket.close();
    await world.dispose();
  });
  beforeEach(async () => {
    await socket.createVeth(parent, { peer: other, mac: '00:16:3e:77:00:01', up: true });
    await socket.setLink(other, { up: true });
  });
  afterEach(() => socket.deleteLink(parent));

  const onHost = async (name: string) => (await socket.links()).find((link) => link.name === name);
  const inside = async (keeper: Keeper, name: string): Promise<LinkInfo | undefined> =>
    (await keeper.network()).links.find((link) => link.name === name);
  const launch = (links: LinkPlan[], change: Partial<LaunchPlan> = {}) => world.keepers.launch(world.plan({ links, ...change }));

  it('sets a cable up inside, also for a guest that does not configure it', async () => {
    const keeper = await launch([
      { kind: 'veth', hostName: `kv${tag}`, name: 'eth0', bridge: null, mac: '00:16:3e:77:00:02', hostMac: null, mtu: 1400 },
    ]);
    expect(await inside(keeper, 'eth0')).toMatchObject({ up: true, running: true, mtu: 1400, mac: '00:16:3e:77:00:02' });
    await keeper.kill();
    expect(await onHost(`kv${tag}`)).toBeUndefined();
  });

  it('gives a macvlan its address on the parent, which is free again with the end', async () => {
    const link: LinkPlan = { kind: 'macvlan', parent, name: 'eth0', mac: '00:16:3e:77:00:03', mtu: 1300 };
    for (let round = 0; round < 5; round += 1) {
      const keeper = await launch([link]);
      expect(await inside(keeper, 'eth0')).toMatchObject({ kind: 'macvlan', up: true, mtu: 1300, mac: '00:16:3e:77:00:03' });
      await keeper.kill();
    }
  });

  it('makes a macvlan again for a guest that reboots', async () => {
    const keeper = await launch([{ kind: 'macvlan', parent, name: 'eth0', mac: '00:16:3e:77:00:03', mtu: null }]);
    const again = new Promise((resolve) => {
      keeper.onReboot = resolve;
    });
    void world.run(keeper, ['reboot', '-f']);
    await again;
    expect(await inside(keeper, 'eth0')).toMatchObject({ kind: 'macvlan', up: true });
    await keeper.kill();
  });

  it('lends a link of the host and takes it back with its name, address, MTU and state', async () => {
    const before = await onHost(parent);
    const keeper = await launch([{ kind: 'physical', parent, name: 'eth0', mac: '00:16:3e:77:00:04', mtu: 1400 }]);
    expect(await onHost(parent)).toBeUndefined();
    expect(await inside(keeper, 'eth0')).toMatchObject({ up: true, mac: '00:16:3e:77:00:04', mtu: 1400 });
    // The guest may call it what it likes.
    await world.run(keeper, ['sh', '-c', 'ip link set eth0 down; ip link set eth0 name mine']);
    await keeper.kill();
    expect(await onHost(parent)).toMatchObject({ up: true, mac: before?.mac, mtu: before?.mtu });
  });

  it.each(['from the start', 'later'])('has a link that was lent %s back, as it was, also when the keeper is killed', async (when) => {
    const before = await onHost(parent);
    const lent: LinkPlan = { kind: 'physical', parent, name: 'eth0', mac: '00:16:3e:77:00:04', mtu: 1400 };
    const keeper = await launch(when === 'later' ? [] : [lent]);
    if (when === 'later') await keeper.plug(lent);
    await world.run(keeper, ['sh', '-c', 'ip link set eth0 down; ip link set eth0 name mine']);
    expect(await onHost(parent)).toBeUndefined();
    process.kill(parentOf(keeper.info.initPid), 'SIGKILL');
    // It is there when the end is told.
    expect((await keeper.ended).detail).not.toContain('stays');
    expect(await onHost(parent)).toMatchObject({ up: true, mac: before?.mac, mtu: before?.mtu });
  });

  it('takes back a link alone, whatever the guest has made of its own meanwhile', async () => {
    const keeper = await launch([{ kind: 'physical', parent, name: 'eth0', mac: null, mtu: null }]);
    const index = (await inside(keeper, 'eth0'))?.index ?? 0;
    await keeper.unplug('eth0');
    await world.run(keeper, ['ip', 'link', 'add', 'own', 'index', String(index), 'type', 'bridge']);
    expect(await onHost(parent)).toMatchObject({ name: parent });
    expect(await onHost('own')).toBeUndefined();
    await keeper.kill();
    expect(await onHost(parent)).toMatchObject({ name: parent });
  });

  it('lends a link again to a guest that reboots', async () => {
    const keeper = await launch([{ kind: 'physical', parent, name: 'eth0', mac: null, mtu: null }]);
    const again = new Promise((resolve) => {
      keeper.onReboot = resolve;
    });
    void world.run(keeper, ['reboot', '-f']);
    await again;
    expect(await inside(keeper, 'eth0')).toMatchObject({ up: true, mac: '00:16:3e:77:00:01' });
    await keeper.kill();
    expect(await onHost(parent)).toBeDefined();
  });

  describe('a routed cable', () => {
    const host = `kr${tag}`;
    const address = '198.18.77.2';
    const address6 = 'fd77:77::2';
    const routed = (change: object = {}): LinkPlan => ({
      kind: 'routed',
      hostName: host,
      parent,
      families: [
        { hostAddress: '169.254.0.1', gateway: true, hostTable: 7077, addresses: [address], routes: ['198.18.78.0/24'] },
        { hostAddress: 'fe80::1', gateway: true, hostTable: 7077, addresses: [address6], routes: ['fd77:78::/64'] },
      ],
      name: 'eth0',
      mac: '00:16:3e:77:00:05',
      mtu: 1400,
      ...change,
    });
    const ip = (...words: string[]) => execFileSync('ip', words, { encoding: 'utf8' }).trim();
    const proxies = () => ip('neigh', 'show', 'proxy', 'dev', parent);
    const firsts = (text: string) => text.split('\n').map((line) => line.trim().split(' ')[0]);
    const routes = (family: '-4' | '-6') =>
      [ip(family, 'route', 'show', 'dev', host), ip(family, 'route', 'show', 'table', '7077')].flatMap(firsts);
    const nothingLeft = async () => {
      expect(await onHost(host)).toBeUndefined();
      expect(proxies()).toBe('');
    };

    it.each(['from the start', 'later'])('has its addresses and its way out, %s, and again after a reboot', async (when) => {
      const keeper = await launch(when === 'later' ? [] : [routed()]);
      if (when === 'later') await keeper.plug(routed());
      const works = async () => {
        expect(await inside(keeper, 'eth0')).toMatchObject({ up: true, mtu: 1400, mac: '00:16:3e:77:00:05' });
        expect((await world.run(keeper, ['ip', 'route'])).output).toMatch(/default via 169\.254\.0\.1 dev eth0/);
        expect(ip('-4', 'addr', 'show', 'dev', host)).toContain('inet 169.254.0.1/32');
        expect(routes('-4')).toEqual([address, '198.18.78.0/24', address, '198.18.78.0/24']);
        expect((await world.run(keeper, ['ip', '-6', 'route'])).output).toMatch(/default via fe80::1 dev eth0/);
        expect(ip('-6', 'addr', 'show', 'dev', host)).toContain('inet6 fe80::1/128');
        // And its own one of the link, which the kernel makes.
        expect(routes('-6').filter((route) => !route?.startsWith('fe80:'))).toEqual([address6, 'fd77:78::/64', address6, 'fd77:78::/64']);
        expect(new Set(firsts(proxies()))).toEqual(new Set([address, address6]));
        expect((await world.run(keeper, ['ping', '-6', '-c', '1', '-W', '5', 'fe80::1%eth0'])).code).toBe(0);
        const setting = (path: string) => readFileSync(`/proc/sys/net/${path.replace('*', host)}`, 'utf8').trim();
        expect(['ipv4/conf/*/rp_filter', 'ipv6/conf/*/forwarding', 'ipv6/conf/*/accept_ra'].map(setting)).toEqual(['1', '1', '0']);
      };
      await works();
      const again = new Promise((resolve) => {
        keeper.onReboot = resolve;
      });
      void world.run(keeper, ['reboot', '-f']);
      await again;
      await works();
      if (when === 'later') {
        await keeper.unplug('eth0');
        await nothingLeft();
        expect(await inside(keeper, 'eth0')).toBeUndefined();
      }
      await keeper.kill();
      await nothingLeft();
    });

    it('is gone, and what the parent did for it, when the keeper is killed, whatever the guest called its end', async () => {
      const keeper = await launch([]);
      await keeper.plug(routed());
      await world.run(keeper, ['sh', '-c', 'ip link set eth0 down; ip link set eth0 name mine']);
      process.kill(parentOf(keeper.info.initPid), 'SIGKILL');
      expect((await keeper.ended).detail).not.toContain('stays');
      await nothingLeft();
    });

    it('takes nothing of another that has the address already', async () => {
      const keeper = await launch([routed()]);
      const second = `${host}b`;
      await expect(launch([routed({ hostName: second })])).rejects.toThrow(/: links: RTM_NEW(ROUTE|ADDR) .*EEXIST/);
      expect(await onHost(second)).toBeUndefined();
      expect(proxies()).toContain(address);
      await keeper.kill();
      await nothingLeft();
    });
  });

  it('gives back what it made when a later link fails', async () => {
    const links: LinkPlan[] = [
      { kind: 'physical', parent, name: 'eth0', mac: null, mtu: null },
      { kind: 'macvlan', parent: other, name: 'eth1', mac: null, mtu: null },
      { kind: 'macvlan', parent: 'no-such-link', name: 'eth2', mac: null, mtu: null },
    ];
    await expect(launch(links)).rejects.toThrow(/: links: RTM_GETLINK no-such-link: ENODEV$/);
    expect(await onHost(parent)).toMatchObject({ up: true });
    await expect(launch(links.slice(0, 1).concat(links[0] as LinkPlan))).rejects.toThrow(/: links: /);
    expect(await onHost(parent)).toMatchObject({ up: true });
  });

  it.each<LinkPlan>([
    { kind: 'ipvlan', parent, mode: 'l2', name: 'eth0', mac: null, mtu: null },
    { kind: 'vlan', parent, id: 7, name: 'eth0', mac: null, mtu: null },
  ])('makes a $kind where the kernel has it, and says so where it has not', async (link) => {
    const outcome = await launch([link]).then(
      async (keeper) => {
        const seen = await inside(keeper, 'eth0');
        await keeper.kill();
        return seen?.kind;
      },
      (error: Error) => error.message,
    );
    expect(outcome).toMatch(new RegExp(`^${link.kind}$|: links: RTM_NEWLINK eth0: (EOPNOTSUPP|ENOTSUP)$`));
  });
});
