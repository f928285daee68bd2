import { describe, expect, it } from 'vitest';
import { deviceProblems, expandedDeviceProblems, forgotten, madeUpFor, nicsOf, rootDisk } from './index.ts';

const root = { type: 'disk', path: '/', pool: 'default' };
const eth0 = { type: 'nic', network: 'lxctlbr0', name: 'eth0' };

describe('deviceProblems', () => {
  it('accepts a root disk, network cards of every kind, and none', () => {
    expect(
      deviceProblems({
        root,
        eth0,
        eth1: { type: 'nic', nictype: 'bridged', parent: 'br0', host_name: 'v1' },
        eth2: { type: 'nic', nictype: 'p2p', hwaddr: '00:16:3E:aa:bb:cc', mtu: '1400', 'boot.priority': '1' },
        eth3: { type: 'nic', nictype: 'macvlan', parent: 'enp1s0' },
        eth4: { type: 'nic', nictype: 'physical', parent: 'enp2s0', name: 'lan' },
        eth5: {
          type: 'nic',
          nictype: 'routed',
          'ipv4.address': '10.0.0.2, 10.0.0.3',
          'ipv4.routes': '10.1.0.0/24',
          'ipv4.host_table': '7',
        },
        gone: { type: 'none' },
      }),
    ).toEqual([]);
  });

  it('refuses an unknown type, one that is not supported, and one that hides in a prototype', () => {
    expect(deviceProblems({ a: { type: 'banana' } })[0]).toMatch(/Unsupported device type "banana"/);
    expect(deviceProblems({ a: { type: 'tpm' } })[0]).toMatch(/not supported by this server/);
    expect(deviceProblems({ a: { type: 'constructor' } })).toHaveLength(1);
    expect(deviceProblems({ a: {} })).toHaveLength(1);
  });

  it('names every problem of every device', () => {
    const problems = deviceProblems({
      eth0: { type: 'nic', network: 'n', hwaddr: 'zz', mtu: '1', colour: 'red' },
      root: { type: 'disk', path: '/', size: '1XB' },
    });
    expect(problems).toHaveLength(5);
  });

  it.each([
    [{ 'ipv4.address': '10.0.0.2,10.0.0.2' }, 'Duplicate address "10.0.0.2" in "ipv4.address"'],
    [{ 'ipv4.routes': '10.1.0.0/24' }, 'ipv4.routes requires ipv4.address to be set'],
    [{ 'ipv4.address': '10.0.0.2', 'ipv4.neighbor_probe': 'true' }, 'option "ipv4.neighbor_probe" is not supported'],
    [{ 'ipv4.address': '10.0.0.2/24' }, 'Invalid value for device option "ipv4.address"'],
    [{ 'ipv4.address': '10.0.0.2', 'ipv4.routes': '10.1.0.1/24' }, 'Invalid value for device option "ipv4.routes"'],
    [{ 'ipv4.address': '10.0.0.2', 'ipv4.gateway': 'x' }, 'Invalid value for device option "ipv4.gateway"'],
    [{ nictype: 'p2p', 'ipv4.routes': '10.1.0.0/24' }, 'option "ipv4.routes" is not supported by this server'],
    [{ nictype: '', network: 'n', 'ipv4.address': '10.0.0.2,10.0.0.3' }, 'Invalid value for device option "ipv4.address"'],
  ])('refuses of cards with addresses %j', (options, words) => {
    const problems = deviceProblems({ d: { type: 'nic', nictype: 'routed', ...options } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
  });

  it.each(['limits.priority', 'ipv6.routes.external', 'vlan', 'vlan.tagged', 'security.acls', 'queue.tx.length', 'maas.subnet.ipv4'])(
    'says of an option %s that LXD has: not supported',
    (option) => {
      expect(deviceProblems({ eth0: { ...eth0, [option]: '1' } })).toEqual([
        `Device validation failed for "eth0": option "${option}" is not supported by this server`,
      ]);
    },
  );

  it('says of a kind of card that LXD has what helps instead', () => {
    expect(deviceProblems({ d: { type: 'nic', nictype: 'ipvlan', parent: 'e' } })).toContain(
      'Device validation failed for "d": nictype "ipvlan" is not supported by this server: "routed" gives an instance single addresses of its parent\'s network too',
    );
  });

  it("refuses an option that nobody has in LXD's words", () => {
    expect(deviceProblems({ eth0: { ...eth0, colour: 'red' } })).toEqual([
      'Device validation failed for "eth0": Invalid device option "colour"',
    ]);
    expect(deviceProblems({ d: { type: 'none', x: 'y' } })).toEqual(['Device validation failed for "d": Invalid device option "x"']);
    const macvlan = { type: 'nic', nictype: 'macvlan', parent: 'e', 'ipv4.address': '10.0.0.1' };
    expect(deviceProblems({ d: macvlan })).toEqual(['Device validation failed for "d": Invalid device option "ipv4.address"']);
  });

  it.each([
    [{ type: 'nic' }],
    [{ type: 'nic', network: 'n', nictype: 'bridged' }],
    [{ type: 'nic', network: 'n', parent: 'br0' }],
    [{ type: 'nic', nictype: 'macvlan' }],
    [{ type: 'nic', nictype: 'ipvlan', parent: 'eth0' }],
    [{ type: 'nic', network: 'n', hwaddr: '01:00:00:00:00:01' }],
    [{ type: 'nic', network: 'n', hwaddr: '00:00:00:00:00:00' }],
    [{ type: 'nic', network: '../../x' }],
    [{ type: 'nic', network: 'n', name: 'a'.repeat(16) }],
    [{ type: 'nic', network: 'n', 'ipv4.address': '10.0.0.010' }],
    [{ type: 'nic', network: 'n', 'ipv4.address': '010.0.0.1' }],
    [{ type: 'nic', network: 'n', 'ipv4.address': '10.0.0' }],
    [{ type: 'nic', nictype: 'p2p', 'ipv4.address': '10.0.0.2' }],
    [{ type: 'nic', nictype: 'p2p', 'limits.max': '10MB' }],
    [{ type: 'nic', nictype: 'p2p', 'security.mac_filtering': 'true' }],
    [{ type: 'nic', network: 'n', 'security.ipv4_filtering': 'true' }],
    [{ type: 'nic', network: 'n', 'security.ipv6_filtering': 'true' }],
    [{ type: 'nic', network: 'n', 'ipv4.address': 'none' }],
    [{ type: 'nic', nictype: 'bridged', parent: 'b', 'ipv4.address': '10.0.0.2' }],
    [{ type: 'nic', nictype: 'bridged', parent: 'b', 'ipv6.address': 'fd00::2' }],
    [{ type: 'nic', nictype: 'routed', 'ipv4.address': 'none' }],
    [{ type: 'nic', nictype: 'p2p', 'ipv6.address': 'fd00::2' }],
    [{ type: 'nic', nictype: 'routed', 'ipv6.address': '10.0.0.1' }],
    [{ type: 'nic', nictype: 'routed', 'ipv6.address': 'fd00::1, fd00:0::1' }],
    [{ type: 'nic', nictype: 'routed', 'ipv6.routes': 'fd00::/64' }],
    [{ type: 'nic', nictype: 'routed', 'ipv6.address': 'fd00::1', 'ipv6.neighbor_probe': 'true' }],
    [{ type: 'nic', nictype: 'macvlan', parent: 'e', 'limits.max': '10Mbit' }],
    [{ type: 'disk', path: '/mnt' }],
    [{ type: 'disk', source: '/srv' }],
    [{ type: 'disk', path: '/', source: '/srv' }],
    [{ type: 'disk', path: '/mnt', source: 'srv' }],
    [{ type: 'disk', path: '/mnt', source: '/srv', pool: 'p' }],
    [{ type: 'disk', source: 'srv', pool: 'p' }],
    [{ type: 'disk', path: '/', source: 'srv', pool: 'p' }],
    [{ type: 'disk', path: '/mnt', source: 'srv', pool: 'p', size: '1GiB' }],
    [{ type: 'disk', path: '/mnt', source: '/srv', size: '1MiB' }],
    [{ type: 'disk', path: '/mnt', source: '/srv', propagation: 'shared' }],
    [{ type: 'disk', path: '/mnt', source: '/srv', 'raw.mount.options': 'ro,uid=0' }],
    [{ type: 'disk', path: '/x/../dev/shm', source: '/srv' }],
    [{ type: 'disk', path: '/', pool: 'p', readonly: 'true' }],
    [{ type: 'unix-char' }],
    [{ type: 'unix-block' }],
    [{ type: 'unix-char', source: 'ttyS0' }],
    [{ type: 'unix-char', source: '/dev/null' }],
    [{ type: 'unix-char', source: '/dev/ttyS0', path: '/dev/../proc/x' }],
    [{ type: 'unix-char', source: '/dev/ttyS0', path: '/dev/pts/7' }],
    [{ type: 'unix-char', path: '/dev/x', major: '1' }],
    [{ type: 'unix-char', path: '/dev/x', mode: '9999' }],
    [{ type: 'unix-char', path: '/dev/x', uid: '-1' }],
    [{ type: 'usb', vendorid: 'zz' }],
    [{ type: 'usb', productid: '12345' }],
    [{ type: 'unix-hotplug' }],
    [{ type: 'unix-hotplug', vendorid: 'ABCD' }],
    [{ type: 'gpu', gputype: 'mdev' }],
    [{ type: 'gpu', gputype: 'foo' }],
    [{ type: 'gpu', pci: 'zz' }],
    [{ type: 'gpu', id: '0', vendorid: '10de' }],
    [{ type: 'gpu', pci: '0000:01:00.0', vendorid: '10de' }],
  ])('refuses %o', (options) => {
    expect(deviceProblems({ d: options as Record<string, string> }).length).toBeGreaterThan(0);
  });
});

describe('names of devices', () => {
  it.each(['::1', '_name', '/foo', 'a/b', 'eth0.5', '-x', 'x'.repeat(63)])('accepts %s as LXD does', (name) => {
    expect(deviceProblems({ [name]: eth0 })).toEqual([]);
  });

  it.each([
    ['.', 'must not start with'],
    ['..', 'must not start with'],
    ['', '1-63 characters'],
    ['x'.repeat(64), '1-63 characters'],
    ['x'.repeat(65), 'maximum device name length is 64'],
    ['a b', 'can only contain'],
    ['a,b', 'can only contain'],
    ['a\n', 'can only contain'],
    ['é', 'can only contain'],
  ])('refuses %j', (name, words) => {
    expect(deviceProblems({ [name]: eth0 })).toEqual([expect.stringContaining(words)]);
  });

  it('refuses the name of a prototype', () => {
    expect(deviceProblems(JSON.parse('{"__proto__":{"type":"none"}}'))).toEqual([expect.stringContaining('reserved')]);
  });
});

describe('the whole of an instance', () => {
  it('needs one root disk and unique names inside and on the host', () => {
    expect(expandedDeviceProblems({ root, eth0 })).toEqual([]);
    expect(expandedDeviceProblems({ eth0 })[0]).toMatch(/No root device/);
    expect(expandedDeviceProblems({ root, other: { ...root } })[0]).toMatch(/More than one/);
    expect(expandedDeviceProblems({ root, eth0, eth1: { ...eth0 } })[0]).toMatch(/"eth1".*Duplicate NIC name detected "eth0"/);
    const p2p = { type: 'nic', nictype: 'p2p', host_name: 'v' };
    expect(expandedDeviceProblems({ root, a: p2p, b: p2p })[0]).toMatch(/already defined/);
    const disk = { type: 'disk', source: '/srv', path: '/mnt' };
    expect(expandedDeviceProblems({ root, a: disk, b: { ...disk, path: 'x/../mnt/' } })).toEqual([
      'Device validation failed for "b": More than one disk device uses the same path "/mnt"',
    ]);
    expect(expandedDeviceProblems({ root, a: disk, b: { type: 'unix-char', source: '/dev/x', path: '/mnt' } })).toEqual([
      'Device validation failed for "b": More than one unix-char device uses the same path "/mnt"',
    ]);
  });

  it('has its network cards and its root disk', () => {
    expect(nicsOf({ root, lan: { type: 'nic', network: 'n', mtu: '1400' } }, { 'volatile.lan.name': 'eth5' })).toEqual([
      {
        device: 'lan',
        kind: 'bridged',
        network: 'n',
        parent: null,
        name: 'eth5',
        hwaddr: '',
        mtu: 1400,
        hostName: null,
        ipv4: null,
      },
    ]);
    expect(rootDisk({ root, eth0 })).toEqual({ device: 'root', pool: 'default', size: null });
    expect(rootDisk({ root: { ...root, size: '1GiB' } })?.size).toBe(1024 ** 3);
  });

  it('gets a MAC address and a free name for each network card that has none, once', () => {
    const devices = { root, '::1': { type: 'nic', network: 'n' }, eth0, lan: { type: 'nic', nictype: 'p2p', hwaddr: '00:16:3e:00:00:09' } };
    const made = madeUpFor(devices, { 'volatile.eth0.hwaddr': '00:16:3e:00:00:01' });
    expect(made).toEqual({
      'volatile.::1.hwaddr': expect.stringMatching(/^00:16:3e(:[0-9a-f]{2}){3}$/),
      'volatile.::1.name': 'eth1',
      'volatile.lan.name': 'eth2',
    });
    expect(madeUpFor(devices, { ...made, 'volatile.eth0.hwaddr': 'x' })).toEqual({});
    expect(forgotten(devices, { root, eth0 })).toEqual({
      'volatile.::1.hwaddr': null,
      'volatile.::1.name': null,
      'volatile.lan.hwaddr': null,
      'volatile.lan.name': null,
    });
  });
});
