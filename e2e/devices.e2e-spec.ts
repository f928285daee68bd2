import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { LinuxLinks } from '#lib/host';
import { RouteSocket } from '../libs/host/src/native.ts';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
let network: string;
const links = new LinuxLinks();
const socket = new RouteSocket();
/** A cable of the host, one end of it in a network card's place. */
const [card, other] = [`dv${process.pid % 100_000}a`, `dv${process.pid % 100_000}b`];

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  network = (await daemon.client.profiles.get('default')).devices.eth0?.network ?? '';
  await socket.createVeth(card, { peer: other, mac: '00:16:3e:66:00:01', up: true });
  await socket.setLink(other, { up: true });
});

afterAll(async () => {
  await socket.deleteLink(card);
  socket.close();
  links.close();
  expect(await daemon.stop()).toEqual([]);
});

const entries = () => readdirSync(join(daemon.dir, 'networks', network, 'dnsmasq.hosts'));
const stop = (name: string) => daemon.done(daemon.client.instances.setState(name, { action: 'stop', timeout: 10, force: true }));
const linkInside = async (name: string, link: string) =>
  (await daemon.exec(name, ['cat', `/sys/class/net/${link}/address`, `/sys/class/net/${link}/flags`])).stdout.trim().split('\n');
const masterOf = async (name: string) => {
  const all = await links.list();
  const master = all.find((link) => link.name === name)?.master;
  return all.find(({ index }) => index === master)?.name;
};

it('a network card is set up inside, with its address, also where the guest does not know it', async () => {
  await daemon.launchInstance('p2p', 'busybox', { devices: { '::1': { type: 'nic', nictype: 'p2p', name: 'extra' } } });
  const [mac, flags] = await linkInside('p2p', 'extra');
  const { config } = await daemon.client.instances.get('p2p');
  expect(mac).toBe(config['volatile.::1.hwaddr']);
  expect(Number(flags) & 1).toBe(1);
  expect(config['volatile.::1.host_name']).toMatch(/^veth/);
  await daemon.remove('p2p');
});

it('a running instance whose profile names another network card is taken down as it was attached', async () => {
  const body = { description: '', config: {} };
  const root = { type: 'disk', path: '/', pool: 'default' };
  await daemon.client.profiles.create({ name: 'moving', ...body, devices: { root, eth0: { type: 'nic', network } } });
  await daemon.launchInstance('moving', 'busybox', { profiles: ['moving'] });
  expect(entries()).toHaveLength(1);
  await daemon.client.profiles.replace('moving', { ...body, devices: { root, eth7: { type: 'nic', network } } });
  await stop('moving');
  expect(entries()).toEqual([]);
  const { config } = await daemon.client.instances.get('moving');
  expect(Object.keys(config).filter((key) => key.endsWith('host_name'))).toEqual([]);
  // The new card had no MAC address yet.
  await daemon.done(daemon.client.instances.setState('moving', { action: 'start', timeout: 10, force: false }));
  const started = (await daemon.client.instances.get('moving')).config;
  expect(started['volatile.eth7.hwaddr']).toMatch(/^00:16:3e:/);
  expect(started['volatile.eth7.host_name']).toMatch(/^veth/);
  await daemon.remove('moving');
  await daemon.client.profiles.delete('moving');
});

it('macvlan and physical cards work, and what was lent comes back', async () => {
  const before = (await links.list()).find(({ name }) => name === card);
  await daemon.launchInstance('mv', 'busybox', {
    devices: {
      eth1: { type: 'nic', nictype: 'macvlan', parent: other, hwaddr: '00:16:3e:66:00:02' },
      eth2: { type: 'nic', nictype: 'physical', parent: card, name: 'lent' },
    },
  });
  expect((await linkInside('mv', 'eth1'))[0]).toBe('00:16:3e:66:00:02');
  expect(await linkInside('mv', 'lent')).toHaveLength(2);
  expect((await links.list()).some(({ name }) => name === card)).toBe(false);
  await stop('mv');
  expect((await links.list()).find(({ name }) => name === card)).toMatchObject({ mac: before?.mac, mtu: before?.mtu, up: true });
  await daemon.remove('mv');
  const made = daemon.launchInstance('none', 'busybox', { devices: { eth1: { type: 'nic', nictype: 'macvlan', parent: 'no-such-link' } } });
  await expect(made).rejects.toThrow('Parent device "no-such-link" doesn\'t exist');
  await daemon.remove('none');
});

it('two instances have not the same address, and the next one gets that of one that is deleted', async () => {
  const address = (await daemon.client.networks.get(network)).config['ipv4.address']?.replace(/\.\d+\/\d+$/, '.77') ?? '';
  const devices = { eth0: { type: 'nic', network, 'ipv4.address': address } };
  await daemon.launchInstance('one', 'busybox', { devices });
  await expect(daemon.launchInstance('two', 'busybox', { devices })).rejects.toThrow(
    `IP address "${address}" already defined on another NIC`,
  );
  await daemon.remove('one');
  await daemon.launchInstance('two', 'busybox', { devices });
  await daemon.remove('two');
});

it('a bridge deleted under a running instance is made again, with the instance on it, also when no daemon looks', async () => {
  await daemon.launchInstance('wired');
  const hostName = (await daemon.client.instances.get('wired')).config['volatile.eth0.host_name'] ?? '';
  await links.deleteLink(network);
  await vi.waitFor(async () => expect(await masterOf(hostName)).toBe(network), { timeout: 60_000 });

  await daemon.kill();
  await links.deleteLink(network);
  await daemon.launch();
  expect(await masterOf(hostName)).toBe(network);
  await daemon.remove('wired');
});
