import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeLinks, FakeProcesses } from '#lib/host';
import { MemoryStore, sampleInstance } from '../../store/src/fake/index.ts';
import { RecordingFirewall } from './fake/recording-firewall.ts';
import { ManagedNetworks } from './managed-networks.ts';

/** No DHCP and no DNS: then no dnsmasq is started, and the specs need no root. */
const quiet = { 'ipv4.dhcp': 'false', 'dns.mode': 'none' };
let stateDir: string;
let links: FakeLinks;
let store: MemoryStore;
let firewall: RecordingFirewall;
let networks: ManagedNetworks;
let warnings: string[];
let settings: string[];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'lxctl-network-'));
  chmodSync(stateDir, 0o711);
  links = new FakeLinks();
  links.plug('eth0', { up: true });
  store = new MemoryStore();
  firewall = new RecordingFirewall();
  warnings = [];
  settings = [];
  networks = daemon();
});
afterEach(() => {
  networks.close();
  rmSync(stateDir, { recursive: true });
});

function daemon(): ManagedNetworks {
  const sysctls = { set: async (path: string, value: string) => void settings.push(`${path}=${value}`), get: async () => null };
  const warn = (network: string, problem: Error) => void warnings.push(`${network}: ${problem.message}`);
  return new ManagedNetworks({ store, links, processes: new FakeProcesses(), firewall, sysctls, stateDir, warn, sysfs: stateDir });
}

const create = (config = {}, name = 'br0', type = '') =>
  networks.create('default', { name, type, description: '', config: { ...quiet, ...config } });
const linkNames = async () => (await links.list()).map(({ name }) => name);

describe('create', () => {
  it('chooses a free private subnet and brings the bridge up', async () => {
    const row = await create();
    expect(row.config['ipv4.address']).toMatch(/^10\.\d+\.\d+\.1\/24$/);
    expect(row.config['ipv4.nat']).toBe('true');
    const link = (await links.list()).find(({ name }) => name === 'br0');
    expect(link).toMatchObject({ kind: 'bridge', up: true, mtu: 1500, mac: row.config['volatile.bridge.hwaddr'] });
    expect((await links.addresses()).map(({ address, prefix }) => `${address}/${prefix}`)).toContain(row.config['ipv4.address']);
    expect(settings).toContain('net/ipv4/ip_forward=1');
    expect(settings).toContain('net/ipv6/conf/br0/accept_ra=0');
    const subnet = row.config['ipv4.address']?.replace(/1\/24$/, '0/24');
    expect(firewall.rules.get('br0')).toMatchObject({
      ipv4: { masquerade: subnet, forward: 'accept', services: true },
      ipv6: { masquerade: null, forward: 'leave' },
    });
    expect(await networks.get('default', 'br0')).toMatchObject({ managed: true, type: 'bridge', status: 'Created' });
  });

  it('names all problems at once and makes nothing', async () => {
    const asked = create({ 'ipv4.nat': 'perhaps', colour: 'red', 'raw.dnsmasq': 'x', 'ipv6.address': 'auto' }, 'x');
    await expect(asked).rejects.toMatchObject({ status: 400 });
    await expect(asked).rejects.toThrow(
      /too short.*option "ipv4.nat".*Invalid option for network "x" option "colour".*not supported by this server: "raw.dnsmasq"/,
    );
    expect(await linkNames()).toEqual(['lo', 'eth0']);
    expect(await store.networks.list('default')).toEqual([]);
  });

  it.each([
    [{ 'ipv4.address': '10.0.0.0/24' }, 'ipv4.address'],
    [{ 'ipv4.address': '10.0.0.1/31' }, 'ipv4.address'],
    [{ 'ipv6.address': 'fd42::/64' }, 'ipv6.address'],
    [{ 'ipv6.address': 'fd42::1/112' }, 'must be a /64'],
    [{ 'ipv6.address': 'fd42::1/64', 'ipv6.dhcp.ranges': 'fd43::2-fd43::9' }, 'not in the subnet'],
    [{ 'ipv6.routes': 'fd43::/64' }, 'not supported by this server'],
    [{ 'ipv4.address': '10.0.0.1/24', 'ipv4.dhcp.ranges': '10.0.1.2-10.0.1.9' }, 'not in the subnet'],
    [{ 'bridge.hwaddr': '01:00:00:00:00:01' }, 'bridge.hwaddr'],
    [{ 'dns.domain': 'a b' }, 'dns.domain'],
  ])('refuses %j', async (config, text) => {
    await expect(create(config)).rejects.toThrow(text);
  });

  it('refuses other types, names taken and links of the host', async () => {
    await expect(create({}, 'br0', 'macvlan')).rejects.toThrow('Unsupported network type "macvlan"');
    await expect(create({}, 'eth0')).rejects.toMatchObject({ code: 'network.exists' });
    await create();
    await expect(create()).rejects.toMatchObject({ status: 409, message: 'Network "br0" already exists' });
  });

  it.each(['x', 'a23456789012345x', 'a/b', '../x', '-a', 'default', 'a b'])('refuses the name %j', async (name) => {
    await expect(create({}, name)).rejects.toMatchObject({ status: 400 });
  });

  it('leaves nothing when a step fails', async () => {
    links.addAddress = () => Promise.reject(new Error('no room'));
    await expect(create()).rejects.toThrow('Failed to set up network "br0": bridge: no room');
    expect(await linkNames()).toEqual(['lo', 'eth0']);
    expect(await store.networks.list('default')).toEqual([]);
    expect(existsSync(join(stateDir, 'networks/br0'))).toBe(false);
  });

  it('goes on without a firewall, with a warning', async () => {
    firewall.broken = true;
    await create();
    expect(warnings).toEqual(['br0: The firewall did not take the rules: nft was ended by SIGSEGV']);
    expect((await networks.get('default', 'br0')).status).toBe('Created');
  });
});

it('warns when dnsmasq could not read the names', async () => {
  chmodSync(stateDir, 0o700);
  await create();
  expect(warnings).toEqual([expect.stringContaining(`br0: ${stateDir} does not let others pass (chmod o+x)`)]);
});

/** An instance that runs, on br0. */
const running = sampleInstance('c1', {
  id: 'i',
  attached: [
    {
      type: 'nic',
      device: 'eth0',
      options: {},
      kind: 'bridged',
      network: 'br0',
      hwaddr: '00:16:3e:00:00:01',
      ipv4: null,
      hostName: 'vethrun',
    },
    {
      type: 'nic',
      device: 'eth1',
      options: {},
      kind: 'bridged',
      network: 'br0',
      hwaddr: '00:16:3e:00:00:02',
      ipv4: null,
      hostName: 'vethgone',
    },
    { type: 'nic', device: 'eth2', options: {}, kind: 'p2p', network: null, hwaddr: '00:16:3e:00:00:03', ipv4: null, hostName: 'vethp2p' },
  ],
  power: 'running',
});

async function masterOf(name: string): Promise<string | undefined> {
  const all = await links.list();
  const master = all.find((link) => link.name === name)?.master;
  return all.find(({ index }) => index === master)?.name;
}

describe('a bridge that is deleted from outside', () => {
  /** Resolves when what is under way with networks has been done. */
  const settled = () => networks.update('default', 'br0', ({ description, config }) => ({ description, config }));

  it('is made again at once, and running instances are on it', async () => {
    await networks.prepare();
    const row = await create({ 'ipv4.address': 'none' });
    await store.instances.insert(running);
    links.plug('vethrun');
    await links.deleteLink('br0');
    await settled();
    expect((await links.list()).find(({ name }) => name === 'br0')).toMatchObject({ up: true, mac: row.config['volatile.bridge.hwaddr'] });
    expect(await masterOf('vethrun')).toBe('br0');
    expect(await masterOf('vethp2p')).toBeUndefined();
    expect(warnings).toEqual(['br0: it was deleted from outside and is made again']);
  });

  it('stays away when it was we who deleted it', async () => {
    await networks.prepare();
    await create();
    await networks.delete('default', 'br0');
    expect(await linkNames()).toEqual(['lo', 'eth0']);
    expect(warnings).toEqual([]);
  });

  it('is in use, and cannot be deleted, while an instance that runs is on it', async () => {
    await create();
    await store.instances.insert(running);
    await expect(networks.delete('default', 'br0')).rejects.toMatchObject({ code: 'network.in_use' });
  });
});

it('makes the files of a network again that were deleted under it', async () => {
  await create({ 'dns.mode': 'managed', 'ipv4.address': 'none' });
  rmSync(join(stateDir, 'networks'), { recursive: true });
  const plug = {
    project: 'default',
    network: 'br0',
    instanceId: 'j',
    device: 'eth0',
    hostname: 'c2',
    mac: '00:16:3e:00:00:09',
    ipv4: null,
  };
  await networks.attach(plug);
  expect(readdirSync(join(stateDir, 'networks/br0/dnsmasq.hosts'))).toEqual(['j.eth0']);
});

describe('a new daemon', () => {
  it('adopts the bridge as it stands', async () => {
    await create();
    links.calls.length = 0;
    networks = daemon();
    expect((await networks.get('default', 'br0')).status).toBe('Unavailable');
    await networks.prepare();
    expect(links.calls).toEqual([]);
    expect((await networks.get('default', 'br0')).status).toBe('Created');
  });

  it('makes it anew after a reboot of the host', async () => {
    const row = await create();
    await links.deleteLink('br0');
    networks = daemon();
    await networks.prepare();
    expect((await links.list()).find(({ name }) => name === 'br0')?.mac).toBe(row.config['volatile.bridge.hwaddr']);
  });

  it('plugs running instances in again where the bridge was deleted meanwhile', async () => {
    await create({ 'dns.mode': 'managed', 'ipv4.address': 'none' });
    await store.instances.insert(running);
    links.plug('vethrun');
    await links.deleteLink('br0');
    networks = daemon();
    await networks.prepare();
    expect(await masterOf('vethrun')).toBe('br0');
    expect(readFileSync(join(stateDir, 'networks/br0/dnsmasq.hosts/i.eth0'), 'utf8')).toBe('00:16:3e:00:00:01,c1\n');
  });

  it("leaves another program's link of that name alone", async () => {
    await create();
    await links.deleteLink('br0');
    links.plug('br0', { kind: 'bridge' });
    networks = daemon();
    await networks.prepare();
    expect(warnings[0]).toContain("that is not this network's");
    expect((await networks.get('default', 'br0')).status).toBe('Unavailable');
    const plug = {
      project: 'default',
      network: 'br0',
      instanceId: 'i',
      device: 'eth0',
      hostname: 'c1',
      mac: '00:16:3e:00:00:01',
      ipv4: null,
    };
    await expect(networks.attach(plug)).rejects.toMatchObject({ code: 'network.unavailable', status: 503 });
    await networks.tearDown();
    expect(await linkNames()).toContain('br0');
    await links.deleteLink('br0');
    expect(await networks.attach(plug)).toEqual({ link: { kind: 'veth', bridge: 'br0' }, mtu: null });
    expect((await networks.get('default', 'br0')).status).toBe('Created');
  });
});

describe('change', () => {
  it('applies a new address, NAT and MTU to the bridge', async () => {
    await create({ 'ipv4.address': '10.9.8.1/24', 'user.note': 'x' });
    const before = (await store.networks.get('default', 'br0'))?.config ?? {};
    await networks.update('default', 'br0', () => ({
      description: 'd',
      config: { ...quiet, 'ipv4.address': '10.9.7.1/24', 'bridge.mtu': '1400' },
    }));
    const row = await store.networks.get('default', 'br0');
    expect(row?.config).toEqual({
      ...quiet,
      'ipv4.address': '10.9.7.1/24',
      'bridge.mtu': '1400',
      'volatile.bridge.hwaddr': before['volatile.bridge.hwaddr'],
    });
    const br0 = (await links.list()).find(({ name }) => name === 'br0');
    expect(br0?.mtu).toBe(1400);
    expect((await links.addresses()).filter(({ index }) => index === br0?.index).map(({ address }) => address)).toEqual(['10.9.7.1']);
    expect(firewall.rules.get('br0')?.ipv4.masquerade).toBeNull();
  });

  it('goes back when it cannot be applied', async () => {
    await create({ 'ipv4.address': '10.9.8.1/24' });
    const { addAddress } = links;
    links.addAddress = async (link, cidr) =>
      cidr === '10.9.7.1/24' ? Promise.reject(new Error('no')) : addAddress.call(links, link, cidr);
    await expect(
      networks.update('default', 'br0', () => ({ description: '', config: { 'ipv4.address': '10.9.7.1/24', ...quiet } })),
    ).rejects.toThrow();
    expect((await links.addresses()).at(-1)?.address).toBe('10.9.8.1');
    expect((await store.networks.get('default', 'br0'))?.config['ipv4.address']).toBe('10.9.8.1/24');
  });

  it('renames and deletes only what nobody uses', async () => {
    await create();
    const profile = await store.profiles.insert({
      project: 'default',
      name: 'p',
      description: '',
      config: {},
      devices: { eth0: { type: 'nic', network: 'br0' } },
    });
    await expect(networks.delete('default', 'br0')).rejects.toMatchObject({ code: 'network.in_use' });
    await expect(networks.rename('default', 'br0', 'br1')).rejects.toMatchObject({ code: 'network.in_use' });
    await store.profiles.delete(profile.id);
    await networks.rename('default', 'br0', 'br1');
    expect(await linkNames()).toEqual(['lo', 'eth0', 'br1']);
    expect(readdirSync(join(stateDir, 'networks'))).toEqual(['br1']);
    expect([...firewall.rules.keys()]).toEqual(['br1']);
    await networks.delete('default', 'br1');
    expect(await linkNames()).toEqual(['lo', 'eth0']);
    expect(readdirSync(join(stateDir, 'networks'))).toEqual([]);
    expect(firewall.rules.size).toBe(0);
    await expect(networks.delete('default', 'br1')).rejects.toMatchObject({ code: 'network.not_found' });
  });
});

describe('nics', () => {
  const plug = {
    project: 'default',
    network: 'br0',
    instanceId: 'id',
    device: 'eth0',
    hostname: 'c1',
    mac: '00:16:3e:00:00:01',
    ipv4: null,
  };
  const entry = () => readFileSync(join(stateDir, 'networks/br0/dnsmasq.hosts/id.eth0'), 'utf8');

  it('are told to DHCP and DNS by a file each', async () => {
    await create({ 'dns.mode': 'managed', 'ipv4.address': 'none' });
    expect(await networks.attach(plug)).toEqual({ link: { kind: 'veth', bridge: 'br0' }, mtu: null });
    expect(entry()).toBe('00:16:3e:00:00:01,c1\n');
    await networks.detach(plug);
    expect(readdirSync(join(stateDir, 'networks/br0/dnsmasq.hosts'))).toEqual([]);
  });

  it('may ask for an address of the subnet', async () => {
    await create({ 'ipv4.address': '10.9.8.1/24' });
    await networks.attach({ ...plug, ipv4: '10.9.8.7' });
    expect(entry()).toBe('00:16:3e:00:00:01,10.9.8.7\n');
    await expect(networks.attach({ ...plug, ipv4: '10.9.9.7' })).rejects.toThrow(
      'Device IP address "10.9.9.7" not within network "br0" subnet',
    );
    await expect(networks.attach({ ...plug, ipv4: '10.9.8.1' })).rejects.toThrow('is assigned to parent managed network device "br0"');
  });
});

it('lists managed networks and the links of the host', async () => {
  await create();
  links.plug('veth12', { kind: 'veth' });
  const view = await networks.list('default');
  expect(view.map(({ name, managed, type }) => [name, managed, type])).toEqual([
    ['br0', true, 'bridge'],
    ['lo', false, 'loopback'],
    ['eth0', false, 'physical'],
  ]);
  await expect(networks.get('default', 'nope')).rejects.toMatchObject({ status: 404, message: 'Network not found' });
});

it('proposes the first free name', async () => {
  expect((await networks.proposeDefault()).name).toBe('lxctlbr0');
  links.plug('lxctlbr0', { kind: 'bridge' });
  expect((await networks.proposeDefault()).name).toBe('lxctlbr1');
});

it('shows the state of a link', async () => {
  await create({ 'ipv4.address': '10.9.8.1/24' });
  await links.setLink('eth0', { bridge: 'br0' });
  expect(await networks.state('default', 'br0')).toMatchObject({
    state: 'up',
    type: 'broadcast',
    mtu: 1500,
    addresses: [{ family: 'inet', address: '10.9.8.1', netmask: '24', scope: 'global' }],
    bridge: { stp: false, upper_devices: ['eth0'] },
  });
  await expect(networks.state('default', 'nope')).rejects.toMatchObject({ code: 'network.not_found' });
});

it('tells the gateway and fixed addresses as leases', async () => {
  await create({ 'ipv4.address': '10.9.8.1/24' });
  await store.instances.insert(
    sampleInstance('c1', {
      volatile: { 'volatile.eth0.hwaddr': '00:16:3e:00:00:01' },
      devices: { eth0: { type: 'nic', network: 'br0', 'ipv4.address': '10.9.8.5' } },
    }),
  );
  expect(await networks.leases('default', 'br0')).toEqual([
    { hostname: 'br0.gw', hwaddr: '', address: '10.9.8.1', type: 'gateway' },
    { hostname: 'c1', hwaddr: '00:16:3e:00:00:01', address: '10.9.8.5', type: 'static' },
  ]);
});
