import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { LinuxLinks } from '#lib/host';
import { RouteSocket } from '../libs/host/src/native.ts';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
let network: string;
/** A directory of the host. */
let place: string;
const links = new LinuxLinks();
const socket = new RouteSocket();
/** A cable of the host, one end of it in a network card's place. */
const [card, other] = [`dv${process.pid % 100_000}a`, `dv${process.pid % 100_000}b`];

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  network = (await daemon.client.profiles.get('default')).devices.eth0?.network ?? '';
  place = mkdtempSync(join(tmpdir(), 'lxctl-disk-'));
  chmodSync(place, 0o755);
  mkdirSync(join(place, 'sub'));
  writeFileSync(join(place, 'file'), 'of the host');
  await socket.createVeth(card, { peer: other, mac: '00:16:3e:66:00:01', up: true });
  await socket.setLink(other, { up: true });
});

afterAll(async () => {
  rmSync(place, { recursive: true });
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

it('a running instance whose profile names another network card has it at once, and is taken down as it was attached', async () => {
  const body = { description: '', config: {} };
  const root = { type: 'disk', path: '/', pool: 'default' };
  await daemon.client.profiles.create({ name: 'moving', ...body, devices: { root, eth0: { type: 'nic', network } } });
  await daemon.launchInstance('moving', 'busybox', { profiles: ['moving'] });
  expect(entries()).toHaveLength(1);
  await daemon.client.profiles.replace('moving', { ...body, devices: { root, eth7: { type: 'nic', network } } });
  const moved = (await daemon.client.instances.get('moving')).config;
  expect((await linkInside('moving', moved['volatile.eth7.name'] ?? ''))[0]).toBe(moved['volatile.eth7.hwaddr']);
  expect(entries()).toHaveLength(1);
  await stop('moving');
  expect(entries()).toEqual([]);
  const { config } = await daemon.client.instances.get('moving');
  expect(Object.keys(config).filter((key) => key.endsWith('host_name'))).toEqual([]);
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

it('cards of the host come to what runs and go, and are back after the daemon was killed, whatever the guest does to them', async () => {
  const before = (await links.list()).find(({ name }) => name === card);
  const lent = { type: 'nic', nictype: 'physical', parent: card, name: 'lent', mtu: '1400', hwaddr: '00:16:3e:66:00:09' };
  const above = { type: 'nic', nictype: 'macvlan', parent: other, name: 'above' };
  const isBack = async () =>
    expect((await links.list()).find(({ name }) => name === card)).toMatchObject({ mac: before?.mac, mtu: before?.mtu, up: true });
  await daemon.launchInstance('lender');
  await devicesOf('lender', { lent, above });
  expect(await linkInside('lender', 'above')).toHaveLength(2);
  await said('lender', 'ip link set lent down; ip link set lent name mine; ip link set mine address 02:00:00:00:00:01 mtu 1300 up');
  await devicesOf('lender', {});
  await isBack();
  expect(await said('lender', 'ls /sys/class/net')).not.toMatch(/mine|lent|above/);

  await devicesOf('lender', { lent });
  await said('lender', 'ip link set lent down; ip link set lent name mine');
  await daemon.kill();
  await daemon.launch();
  await stop('lender');
  await isBack();
  await daemon.remove('lender');
});

it('a card is kept to its limits, which change while it is there, also from a profile, and after a restart of the daemon', async () => {
  const hostName = `${card}l`;
  const nic = { type: 'nic', nictype: 'p2p', name: 'lan', host_name: hostName };
  const tc = (...words: string[]) => execFileSync('tc', words, { encoding: 'utf8' });
  /** What the kernel holds: to the instance, and by which link what comes from it goes, at which rate. */
  let by: string | undefined;
  const inForce = () => {
    const rateOf = (name: string) => / tbf .* rate (\S+)/.exec(tc('qdisc', 'show', 'dev', name))?.[1];
    by = /Redirect to device (\w+)\)/.exec(tc('filter', 'show', 'dev', hostName, 'ingress'))?.[1];
    return [rateOf(hostName), by && rateOf(by)];
  };
  await daemon.launchInstance('paced', 'busybox', { devices: { lan: { ...nic, 'limits.ingress': '10Mbit' } } });
  const index = await said('paced', 'cat /sys/class/net/lan/ifindex');
  expect(inForce()).toEqual(['10Mbit', undefined]);
  await devicesOf('paced', { lan: { ...nic, 'limits.max': '20Mbit' } });
  expect(inForce()).toEqual(['20Mbit', '20Mbit']);
  await daemon.kill();
  await daemon.launch();
  await devicesOf('paced', { lan: { ...nic, 'limits.egress': '30Mbit' } });
  expect(inForce()).toEqual([undefined, '30Mbit']);
  // It was there all the time.
  expect(await said('paced', 'cat /sys/class/net/lan/ifindex')).toBe(index);

  // Live, as everything of a profile.
  const { config, description, devices } = await daemon.client.profiles.get('default');
  const eth0 = { ...devices.eth0, 'limits.ingress': '40Mbit' };
  await daemon.client.profiles.replace('default', { config, description, devices: { ...devices, eth0 } as typeof devices });
  const name = (await daemon.client.instances.get('paced')).config['volatile.eth0.host_name'] ?? '';
  expect(tc('qdisc', 'show', 'dev', name)).toContain(' rate 40Mbit ');
  await daemon.client.profiles.replace('default', { config, description, devices });
  expect(tc('qdisc', 'show', 'dev', name)).not.toContain('tbf');
  await daemon.remove('paced');
  expect((await links.list()).map((link) => link.name)).not.toContain(by);
});

it('a routed card has its addresses at once, reaches the host, and cannot take the address of another', async () => {
  const address = '198.18.66.2';
  // The guest asks for an address on eth0 by itself, and takes off what is there.
  const devices = { uplink: { type: 'nic', nictype: 'routed', name: 'uplink', parent: other, 'ipv4.address': address } };
  const ip = (...words: string[]) => execFileSync('ip', words, { encoding: 'utf8' }).trim();
  await daemon.launchInstance('routed', 'busybox', { devices });
  /** What the host did not take because its sender is not behind the link that it came by. */
  const dropped = () => {
    const [names, values] = (readFileSync('/proc/net/netstat', 'utf8').match(/^TcpExt: .*$/gm) ?? []).map((line) => line.split(' '));
    return Number(values?.[names?.indexOf('IPReversePathFilter') ?? -1]);
  };
  const reaches = (from: string) => said('routed', `ping -c 1 -W 2 -I ${from} 169.254.0.1 >/dev/null && echo yes || echo no`);
  expect(await reaches(address)).toBe('yes');
  expect(ip('neigh', 'show', 'proxy', 'dev', other)).toContain(address);
  // What comes from an address that is not its own is dropped.
  await said('routed', 'ip addr add 198.18.66.77/32 dev uplink');
  const before = dropped();
  expect(await reaches('198.18.66.77')).toBe('no');
  expect(dropped()).toBeGreaterThan(before);

  await daemon.kill();
  await daemon.launch();
  await expect(daemon.launchInstance('thief', 'busybox', { devices })).rejects.toThrow(
    `Failed to start device "uplink": The host has a route to "${address}" already`,
  );
  await daemon.remove('thief');
  expect(await reaches(address)).toBe('yes');
  await daemon.remove('routed');
  expect(ip('neigh', 'show', 'proxy', 'dev', other)).toBe('');
});

it('a routed card has IPv6 too, and what it sends from the address of another is dropped', async () => {
  const setting = (path: string) => `/proc/sys/net/ipv6/conf/${path}`;
  const device = { type: 'nic', nictype: 'routed', name: 'uplink', parent: other, 'ipv6.address': 'fd66::2' };
  writeFileSync(setting(`${other}/proxy_ndp`), '0');
  await expect(daemon.launchInstance('routed6', 'busybox', { devices: { uplink: device } })).rejects.toThrow(
    /Routed mode requires sysctl net\.ipv6\.conf\.\w+\.(forwarding|proxy_ndp)=1/,
  );
  await daemon.remove('routed6');
  const before = readFileSync(setting('all/forwarding'), 'utf8');
  writeFileSync(setting('all/forwarding'), '1');
  for (const name of ['forwarding', 'proxy_ndp']) writeFileSync(setting(`${other}/${name}`), '1');
  try {
    await socket.addAddress(card, 'fd66:1::1/64');
    const hostName = `${card}r`;
    await daemon.launchInstance('routed6', 'busybox', { devices: { uplink: { ...device, host_name: hostName } } });
    expect(execFileSync('ip', ['neigh', 'show', 'proxy', 'dev', other], { encoding: 'utf8' })).toContain('fd66::2');
    /** What came to the host and was let in. */
    const arrived = () => Number(/^Icmp6InEchos\s+(\d+)$/m.exec(readFileSync(`/proc/net/dev_snmp6/${hostName}`, 'utf8'))?.[1]);
    const sends = (from: string) => said('routed6', `ping -6 -c 1 -W 2 -I ${from} fd66:1::1 >/dev/null && echo yes || echo no`);
    // Without the second or so in which others are asked whether they have it.
    const take = 'echo 0 >/proc/sys/net/ipv6/conf/uplink/accept_dad; ip addr add fd66::77/128 dev uplink; ip addr show dev uplink';
    expect(await said('routed6', take)).toContain('fd66::77/128 scope global');
    expect(await sends('fd66::77')).toBe('no');
    expect(arrived()).toBe(0);
    // As soon as the guest has given up to ask for its neighbour in the other's name.
    await expect.poll(() => sends('fd66::2'), { timeout: 30_000 }).toBe('yes');
    expect(arrived()).toBeGreaterThan(0);
    await daemon.remove('routed6');
  } finally {
    writeFileSync(setting('all/forwarding'), before);
  }
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

const devicesOf = async (name: string, devices: Record<string, Record<string, string>>) => {
  const { architecture, config, description, ephemeral, profiles, stateful } = await daemon.client.instances.get(name);
  return daemon.done(
    daemon.client.instances.replace(name, { architecture, config, description, devices, ephemeral, profiles, stateful: stateful ?? false }),
  );
};
const said = async (name: string, ...command: string[]) => (await daemon.exec(name, ['sh', '-c', ...command])).stdout.trim();

it('a directory and a file of the host are there from the start, with the ids of the instance, and nothing of them opens as a device', async () => {
  const path = join(place, 'sub');
  const data = { type: 'disk', source: path, path: '/data/sub', shift: 'true' };
  const file = { type: 'disk', source: join(place, 'file'), path: '/etc/of-host', readonly: 'true' };
  await daemon.launchInstance('disks', 'busybox', { devices: { data, file } });
  expect(
    await said(
      'disks',
      'cat /etc/of-host; touch /data/sub/new; stat -c %u /data/sub/new; (echo x > /etc/of-host) 2>/dev/null || echo refused',
    ),
  ).toBe('of the host0\nrefused');
  expect(
    await said('disks', 'for o in remount,rw,bind remount,dev,bind; do mount -o $o /etc/of-host 2>/dev/null && echo done; done; echo x'),
  ).toBe('x');
  expect(readdirSync(path)).toEqual(['new']);
  await daemon.remove('disks');
});

it('disks and network cards come to a running instance and go, and a restart of the guest or the daemon keeps them', async () => {
  const data = { type: 'disk', source: place, path: '/data' };
  await daemon.launchInstance('hot', 'busybox');
  await devicesOf('hot', { data, eth5: { type: 'nic', nictype: 'p2p' }, eth6: { type: 'nic', network } });
  expect(await said('hot', 'cat /data/file')).toBe('of the host');
  const { config } = await daemon.client.instances.get('hot');
  expect(await linkInside('hot', config['volatile.eth5.name'] ?? '')).toEqual([config['volatile.eth5.hwaddr'], expect.anything()]);
  expect(config['volatile.eth5.host_name']).toMatch(/^veth/);
  expect(await masterOf(config['volatile.eth6.host_name'] ?? '')).toBe(network);
  expect(entries()).toHaveLength(2);

  await daemon.kill();
  await daemon.launch();
  await devicesOf('hot', { data: { ...data, path: '/other', readonly: 'true' } });
  expect(await said('hot', 'ls /data; cat /other/file; ls /sys/class/net')).toBe('of the hosteth0\nlo');
  expect(entries()).toHaveLength(1);
  const after = (await daemon.client.instances.get('hot')).config;
  expect(Object.keys(after).filter((key) => /^volatile\.eth[56]\./.test(key))).toEqual([]);
  await devicesOf('hot', {});
  expect(await said('hot', 'ls /other')).toBe('');
  await daemon.remove('hot');
});

it('a disk of a profile comes to its running instances, and one whose source is missing waits for the next start', async () => {
  await daemon.launchInstance('shared', 'busybox');
  const { devices, config, description } = await daemon.client.profiles.get('default');
  const data = { type: 'disk', source: place, path: '/data' };
  await daemon.client.profiles.replace('default', { description, config, devices: { ...devices, data } });
  expect(await said('shared', 'cat /data/file')).toBe('of the host');
  await daemon.client.profiles.replace('default', { description, config, devices });
  expect(await said('shared', 'ls /data')).toBe('');
  await devicesOf('shared', { later: { ...data, source: join(place, 'later'), required: 'false' } });
  expect(await said('shared', 'ls /data')).toBe('');
  mkdirSync(join(place, 'later/in'), { recursive: true });
  await daemon.done(daemon.client.instances.setState('shared', { action: 'restart', timeout: 10, force: true }));
  expect(await said('shared', 'ls /data')).toBe('in');
  await daemon.remove('shared');
});

it('a device that is not required comes when the host gets it, goes with it, and is found by the next daemon', async () => {
  const source = join(place, 'appears');
  const node = { type: 'unix-char', source, path: '/dev/later', required: 'false' };
  await daemon.launchInstance('waits', 'busybox', { devices: { node, none: { type: 'usb', vendorid: 'ffff' } } });
  const has = (words: string) =>
    vi.waitFor(async () => expect(await said('waits', 'stat -c "%F %t %T" /dev/later 2>/dev/null || echo none')).toBe(words), {
      timeout: 20_000,
    });
  await has('none');
  execFileSync('mknod', [source, 'c', '1', '5']);
  await has('character special file 1 5');
  rmSync(source);
  await has('none');
  await daemon.kill();
  execFileSync('mknod', [source, 'c', '1', '3']);
  await daemon.launch();
  await has('character special file 1 3');
  rmSync(source);
  await has('none');
  // Busy for as long as the operation that took the node away has not ended.
  const usb = { type: 'usb', vendorid: 'ffff', required: 'true' };
  await vi.waitFor(() =>
    expect(devicesOf('waits', { usb })).rejects.toThrow('Failed to start device "usb": Required USB device not found'),
  );
  await expect(devicesOf('waits', { gpu: { type: 'gpu', pci: 'ff:1f.7' } })).rejects.toThrow(
    'Invalid PCI address (no device found): 0000:ff:1f.7',
  );
  await daemon.remove('waits');
});

it('a proxy carries connections both ways from the start and hot, outlives the daemon, and goes without a trace', async () => {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  const probe = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(echo, 'listening'), once(probe, 'listening')]);
  const [target, entrance] = [echo, probe].map((server) => (server.address() as AddressInfo).port);
  probe.close();
  await once(probe, 'close');
  const carried = async () => {
    const socket = connect({ port: entrance ?? 0, host: '127.0.0.1' });
    socket.end('hello');
    return String((await once(socket, 'data'))[0]);
  };
  const out = { type: 'proxy', bind: 'instance', listen: 'unix:@middle', connect: `tcp:127.0.0.1:${target}` };
  const into = { type: 'proxy', listen: `tcp:127.0.0.1:${entrance}`, connect: 'unix:@middle' };
  await daemon.launchInstance('carried', 'busybox', { devices: { out, into } });
  expect(await carried()).toBe('hello');
  await daemon.kill();
  expect(await carried()).toBe('hello');
  await daemon.launch();
  await devicesOf('carried', { out });
  await expect(carried()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const front = join(place, 'front');
  await devicesOf('carried', { out, unix: { ...into, listen: `unix:${front}`, mode: '0600' } });
  expect(existsSync(front)).toBe(true);
  await expect(devicesOf('carried', { out, taken: { ...into, listen: `tcp:127.0.0.1:${target}` } })).rejects.toThrow(
    /^Failed to start device "taken": EADDRINUSE/,
  );
  expect(existsSync(front)).toBe(true);
  await daemon.remove('carried');
  expect(existsSync(front)).toBe(false);
  echo.close();
});

it('limits of disks are in force on what runs, and are lifted', async () => {
  await daemon.launchInstance('slow', 'busybox');
  const data = { type: 'disk', source: place, path: '/data' };
  const v1 = existsSync('/sys/fs/cgroup/blkio');
  const group = async () => readFileSync(`/proc/${(await daemon.client.instances.state('slow')).pid}/cgroup`, 'utf8');
  const path = /^\d+:blkio:(.*)$/m.exec(await group())?.[1] ?? '';
  const limit = async () => (v1 ? readFileSync(`/sys/fs/cgroup/blkio${path}/blkio.throttle.read_bps_device`, 'utf8') : '');
  await devicesOf('slow', { data: { ...data, 'limits.read': '3MB', 'limits.write': '40iops' } });
  if (v1) expect(await limit()).toMatch(/^\d+:\d+ 3000000$/m);
  await devicesOf('slow', { data: { ...data, 'limits.max': '5MB' } });
  if (v1) expect(await limit()).toMatch(/^\d+:\d+ 5000000$/m);
  await devicesOf('slow', { data });
  if (v1) expect(await limit()).toBe('');
  expect(await said('slow', 'cat /data/file')).toBe('of the host');
  await expect(devicesOf('slow', { d: { type: 'disk', source: '/dev/shm', path: '/d', 'limits.read': '1MB' } })).rejects.toThrow(
    'Cannot enforce the limits of disk "d": /dev/shm is on no block device',
  );
  await daemon.remove('slow');
});

it('what cannot be had is refused, and the instance is as it was', async () => {
  await daemon.launchInstance('same', 'busybox');
  const asked = (options: Record<string, string>) =>
    devicesOf('same', { ok: { type: 'disk', source: place, path: '/ok' }, d: { type: 'disk', ...options } });
  await expect(asked({ source: '/no/such', path: '/d' })).rejects.toThrow('Missing source path "/no/such" for disk "d"');
  symlinkSync('/etc', join(place, 'link'));
  await expect(asked({ source: join(place, 'link'), path: '/d' })).rejects.toThrow('leads through a symbolic link');
  await said('same', 'echo mine > /taken');
  await expect(asked({ source: place, path: '/taken' })).rejects.toThrow(/Failed to start device "d": .*'\/taken'/);
  expect(await said('same', 'cat /taken; ls /ok/file /d 2>/dev/null; grep -c /ok /proc/mounts')).toBe('mine\n0');
  expect((await daemon.client.instances.get('same')).devices).toEqual({});
  await daemon.remove('same');
});

it('a guest that puts links in the place of a disk leads nobody out, and takes nothing of its own off', async () => {
  await daemon.launchInstance('sly', 'busybox');
  await said('sly', 'mkdir /trap; ln -s / /trap/up; ln -s /proc/1/root /trap/magic');
  await devicesOf('sly', { d: { type: 'disk', source: place, path: '/trap/up/inside' } });
  expect(await said('sly', 'cat /inside/file')).toBe('of the host');
  await expect(devicesOf('sly', { e: { type: 'disk', source: place, path: '/trap/magic/x' } })).rejects.toThrow(
    'Failed to start device "e": ELOOP',
  );
  expect(await said('sly', 'cat /inside/file; umount /inside; rmdir /inside; ln -s /proc /inside')).toBe('of the host');
  await devicesOf('sly', {});
  expect(await said('sly', 'cat /proc/1/comm')).toBe('init');
  await daemon.remove('sly');
});

it('a character or block device is there from the start and comes and goes, with its owner, and leaves nothing behind', async () => {
  const cold = { type: 'unix-char', source: '/dev/zero', path: '/dev/cold', uid: '7', mode: '0640' };
  await daemon.launchInstance('nodes', 'busybox', { devices: { cold } });
  const kinds = 'for f in /dev/cold /dev/hot; do stat -c "%F %u %a %t %T" $f 2>/dev/null || echo none; done; head -c 2 /dev/cold | wc -c';
  expect(await said('nodes', kinds)).toBe('character special file 7 640 1 5\nnone\n2');
  await devicesOf('nodes', { cold, hot: { type: 'unix-char', path: '/dev/hot', major: '1', minor: '3' } });
  expect(await said('nodes', kinds)).toBe('character special file 7 640 1 5\ncharacter special file 0 660 1 3\n2');
  await devicesOf('nodes', { disk: { type: 'unix-block', path: '/dev/own/disk', major: '7', minor: '9', required: 'false' } });
  expect(await said('nodes', 'stat -c "%F %t %T" /dev/own/disk; ls /dev/cold /dev/hot 2>/dev/null')).toBe('block special file 7 9');
  await devicesOf('nodes', {});
  expect(await said('nodes', 'ls /dev/cold /dev/hot 2>/dev/null; echo end')).toBe('end');
  expect(readdirSync(join(daemon.dir, 'run')).filter((name) => name.includes('.node'))).toEqual([]);
  await expect(devicesOf('nodes', { d: { type: 'unix-char', source: '/dev/no-such' } })).rejects.toThrow(
    "required device path doesn't exist",
  );
  await daemon.remove('nodes');
});
