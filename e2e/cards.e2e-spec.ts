import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkLocal6 } from '#lib/contract';
import { TestDaemon } from './harness/daemon.ts';
import { filteredLinks } from './harness/leftovers.ts';

/** What a guest's root sends on a bridge that is not its own to send: each test tries it, and sees that the rest goes. */

let daemon: TestDaemon;
let network: string;
/** Of the bridge, and what its addresses begin with. */
let gateway: string;
let prefix: string;
type Devices = Record<string, Record<string, string>>;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  network = (await daemon.client.profiles.get('default')).devices.eth0?.network ?? '';
  gateway = (await daemon.client.networks.get(network)).config['ipv4.address']?.replace(/\/.*$/, '') ?? '';
  prefix = gateway.replace(/\d+$/, '');
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
  expect(filteredLinks(daemon.dir)).toEqual([]);
});

const said = async (name: string, command: string) => (await daemon.exec(name, ['sh', '-c', command])).stdout.trim();
/** An instance whose card takes its address by hand, at once. */
async function launch(name: string, last: number, options: Record<string, string> = {}): Promise<void> {
  const nic = options.parent ? { nictype: 'bridged' } : { network };
  await daemon.launchInstance(name, 'busybox', { devices: { eth0: { type: 'nic', name: 'eth0', ...nic, ...options } } });
  await isItsOwnMaster(name);
  await takes(name, `${prefix}${last}/24`);
}
/** The DHCP client takes off all addresses when it gets its own. */
async function isItsOwnMaster(name: string): Promise<void> {
  await daemon.addressed(name);
  await said(name, 'killall -9 udhcpc');
}
/** Without the second in which others are asked whether they have an IPv6 address. */
const takes = (name: string, address: string) =>
  said(name, `echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad; ip addr add ${address} dev eth0; ip link set eth0 up`);
const reaches = (name: string, to: string, from = '') =>
  said(name, `ping -c 1 -W 1 ${from && `-I ${from}`} ${to} >/dev/null 2>&1 && echo yes || echo no`);
const change = async (name: string, devices: Devices) => {
  const { architecture, config, description, ephemeral, profiles } = await daemon.client.instances.get(name);
  await daemon.done(
    daemon.client.instances.replace(name, { architecture, config, description, devices, ephemeral, profiles, stateful: false }),
  );
};
const become = (name: string, mac: string) => said(name, `ip link set eth0 down; ip link set eth0 address ${mac}; ip link set eth0 up`);

describe('a filtered card', () => {
  it('sends nothing from the MAC address of another, from the start, live, after a reboot and without a daemon', async () => {
    const own = '00:16:3e:66:01:01';
    const nic = { type: 'nic', name: 'eth0', network, hwaddr: own };
    await launch('liar', 201, { hwaddr: own, 'security.mac_filtering': 'true' });
    expect(await reaches('liar', gateway)).toBe('yes');
    await become('liar', '00:16:3e:66:01:02');
    expect(await reaches('liar', gateway)).toBe('no');
    await change('liar', { eth0: nic });
    // As soon as the host asks anew who has the address.
    await expect.poll(() => reaches('liar', gateway), { timeout: 30_000 }).toBe('yes');
    await change('liar', { eth0: { ...nic, 'security.mac_filtering': 'true' } });
    expect(await reaches('liar', gateway)).toBe('no');

    const { pid } = await daemon.client.instances.state('liar');
    await said('liar', 'reboot -f').catch(() => '');
    await expect.poll(async () => (await daemon.client.instances.state('liar')).pid, { timeout: 20_000 }).not.toBe(pid);
    await daemon.kill();
    await daemon.launch();
    await isItsOwnMaster('liar');
    await takes('liar', `${prefix}201/24`);
    expect(await reaches('liar', gateway)).toBe('yes');
    await become('liar', '00:16:3e:66:01:02');
    expect(await reaches('liar', gateway)).toBe('no');
    await daemon.remove('liar');
  });

  it('has no IPv4 address but its own, neither as a sender nor by ARP, and gets it by DHCP', async () => {
    await launch('liar', 203, { 'ipv4.address': `${prefix}202`, 'security.ipv4_filtering': 'true' });
    await daemon.addressed('liar');
    expect(await reaches('liar', gateway, `${prefix}202`)).toBe('yes');
    expect(await reaches('liar', gateway, `${prefix}203`)).toBe('no');
    const known = () => execFileSync('ip', ['neigh', 'show', 'dev', network], { encoding: 'utf8' });
    expect(known()).not.toContain(`${prefix}203 `);
    await daemon.remove('liar');
  });

  it('has no IPv6 address but its own and that of the link, and is no router', async () => {
    await launch('honest', 204);
    await takes('honest', 'fd99:66::1/64');
    await launch('liar', 205, { parent: network, 'ipv6.address': 'fd99:66::2', 'security.ipv6_filtering': 'true' });
    for (const each of ['fd99:66::2/64', 'fd99:66::3/64', 'fe80::3/64']) await takes('liar', each);
    expect(await reaches('liar', 'fd99:66::1', 'fd99:66::2')).toBe('yes');
    expect(await reaches('liar', 'fd99:66::1', 'fd99:66::3')).toBe('no');
    // The busybox takes off what the kernel gives a link.
    await takes('honest', 'fe80::1:1/64');
    expect(await reaches('liar', 'fe80::1:1%eth0', 'fe80::3')).toBe('no');
    await said('liar', 'ip addr del fe80::3/64 dev eth0');
    await takes('liar', `${linkLocal6((await daemon.client.instances.get('liar')).config['volatile.eth0.hwaddr'] ?? '')}/64`);
    // As soon as it has given up to ask in the other's name.
    await expect.poll(() => reaches('liar', 'fe80::1:1%eth0'), { timeout: 30_000 }).toBe('yes');
    const eth0 = { type: 'nic', name: 'eth0', nictype: 'bridged', parent: network };
    await change('liar', { eth0: { ...eth0, 'ipv6.address': 'none', 'security.ipv6_filtering': 'true' } });
    expect(await reaches('liar', 'fd99:66::1', 'fd99:66::2')).toBe('no');
    await change('liar', { eth0 });
    expect(await reaches('liar', 'fd99:66::1', 'fd99:66::3')).toBe('yes');
    for (const name of ['honest', 'liar']) await daemon.remove(name);
  });
});

it('isolated cards reach the host and those that are not isolated, and not each other, also after a reboot', async () => {
  const isolated = { 'security.port_isolation': 'true' };
  await launch('one', 206, isolated);
  await launch('two', 207, isolated);
  await launch('three', 208);
  const expected = async () => {
    expect(await reaches('one', gateway)).toBe('yes');
    expect(await reaches('one', `${prefix}208`)).toBe('yes');
    expect(await reaches('one', `${prefix}207`)).toBe('no');
  };
  await expected();
  const { pid } = await daemon.client.instances.state('one');
  await said('one', 'reboot -f').catch(() => '');
  await expect.poll(async () => (await daemon.client.instances.state('one')).pid, { timeout: 20_000 }).not.toBe(pid);
  await isItsOwnMaster('one');
  await takes('one', `${prefix}206/24`);
  await expected();
  // The bridge is made anew, with its ports.
  execFileSync('ip', ['link', 'delete', network]);
  await expect.poll(() => reaches('one', gateway), { timeout: 30_000 }).toBe('yes');
  await expect.poll(() => reaches('one', `${prefix}208`), { timeout: 30_000 }).toBe('yes');
  await expected();
  for (const name of ['one', 'two', 'three']) await daemon.remove(name);
});
