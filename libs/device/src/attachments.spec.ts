import { describe, expect, it } from 'vitest';
import { type Networks, RecordingDeviceRules } from '#lib/network';
import { LxError } from '#lib/contract';
import type { Storage } from '#lib/storage';
import { FakeDevices, FakeKeeper, FakePlaces, type HostDevice } from '#lib/host';
import { Attachments, inTermsOfDevices, shownOf } from './index.ts';

type Call = [string, Record<string, unknown>];

function world(failing: string | null = null) {
  const calls: Call[] = [];
  /** Settings of the kernel that are not on. */
  const off = new Set<string>();
  const networks = {
    hasLink: async (name: string) => name !== 'gone',
    isOn: async (path: string) => !path.includes('closed') && !off.has(path),
    attach: async (request: { network: string }) => {
      calls.push(['attach', request]);
      if (request.network === failing) throw new Error('the network is down');
      return { link: { kind: 'veth', bridge: request.network }, mtu: 1400 };
    },
    detach: async (request: object) => void calls.push(['detach', request as Record<string, unknown>]),
    sweep: async (id: string) => void calls.push(['sweep', { id }]),
  };
  const places = new FakePlaces().add('/srv/data', 'directory').add('/srv/file', 'file');
  const storage = {
    volumes: {
      custom: async (pool: string, project: string, name: string) => {
        if (name === 'gone') throw new LxError('volume.not_found');
        return { path: `/pools/${pool}/${project}_${name}`, mapped: name !== 'unmapped' };
      },
    },
  };
  const devices = new FakeDevices();
  const deviceRules = new RecordingDeviceRules();
  const ports = { networks: networks as unknown as Networks, deviceRules, storage: storage as unknown as Storage, places, devices };
  return { calls, off, deviceRules, places, devices, attachments: new Attachments(ports, () => {}) };
}

const running = () => new FakeKeeper({ id: 'i', initPid: 1, startedAt: 0, reboots: 0 } as never);
const owner = { id: 'i', project: 'default', name: 'c1', volatile: { 'volatile.eth0.hwaddr': '00:16:3e:00:00:01' } };
const eth0 = { type: 'nic', network: 'br', name: 'eth0', 'ipv4.address': '10.0.0.5' };

describe('attached devices', () => {
  it('are links of the launch plan, each as its kind is', async () => {
    const { attachments } = world();
    const chosen = await attachments.choose(owner, {
      root: { type: 'disk', path: '/', pool: 'p' },
      eth0,
      a: { type: 'nic', nictype: 'p2p', host_name: 'vmine' },
      b: { type: 'nic', nictype: 'bridged', parent: 'virbr0' },
      c: { type: 'nic', nictype: 'macvlan', parent: 'enp1s0' },
      d: { type: 'nic', nictype: 'physical', parent: 'enp2s0' },
      gone: { type: 'none' },
    });
    const { links } = await attachments.attach(owner, chosen);
    expect(links).toMatchObject([
      { kind: 'veth', name: 'eth0', mac: '00:16:3e:00:00:01', mtu: 1400, bridge: 'br', hostName: expect.stringMatching(/^veth/) },
      { kind: 'veth', name: 'eth1', mtu: null, bridge: null, hostName: 'vmine' },
      { kind: 'veth', name: 'eth2', bridge: 'virbr0' },
      { kind: 'macvlan', name: 'eth3', parent: 'enp1s0', mac: chosen.volatile['volatile.c.hwaddr'] },
      { kind: 'physical', name: 'eth4', parent: 'enp2s0' },
    ]);
    expect(shownOf(chosen.attached)).toMatchObject({ 'volatile.a.host_name': 'vmine' });
    expect(Object.keys(shownOf(chosen.attached))).not.toContain('volatile.c.host_name');
  });

  it('need the interface of the host that they are made of', async () => {
    const { attachments } = world();
    const chosen = await attachments.choose(owner, { eth0: { type: 'nic', nictype: 'physical', parent: 'gone' } });
    await expect(attachments.attach(owner, chosen)).rejects.toThrow('Failed to start device "eth0": Parent device "gone" doesn\'t exist');
  });

  const routed = { type: 'nic', nictype: 'routed', name: 'eth0', host_name: 'vmine', 'ipv4.address': '10.0.0.2, 10.0.0.3' };

  it('are cables that the host routes to, by a parent that forwards', async () => {
    const { attachments } = world();
    const linkOf = async (more: object) =>
      (await attachments.attach(owner, await attachments.choose(owner, { eth0: { ...routed, ...more } }))).links[0];
    const family = { hostAddress: '169.254.0.1', gateway: true, hostTable: null, addresses: ['10.0.0.2', '10.0.0.3'], routes: [] };
    expect(await linkOf({})).toMatchObject({ kind: 'routed', hostName: 'vmine', parent: null, families: [family] });
    const more = {
      parent: 'e',
      'ipv4.gateway': 'none',
      'ipv4.host_address': '10.9.0.1',
      'ipv4.host_table': '7',
      'ipv4.routes': '10.1.0.0/24',
    };
    expect(await linkOf(more)).toMatchObject({
      parent: 'e',
      families: [{ ...family, gateway: false, hostAddress: '10.9.0.1', hostTable: 7, routes: ['10.1.0.0/24'] }],
    });
    expect(await linkOf({ 'ipv4.address': '' })).toMatchObject({ families: [] });
    await expect(linkOf({ parent: 'closed' })).rejects.toThrow(
      'Failed to start device "eth0": Routed mode requires sysctl net.ipv4.conf.closed.forwarding=1',
    );
  });

  it('are such cables for IPv6 too, where the packet filter keeps them to their addresses', async () => {
    const { attachments, deviceRules, off } = world();
    const linkOf = async (more: object) =>
      (await attachments.attach(owner, await attachments.choose(owner, { eth0: { ...routed, ...more } }))).links[0];
    const ipv6 = { 'ipv6.address': 'fd00::2', 'ipv6.routes': 'fd00:1::/64', 'ipv6.host_table': '7' };
    expect(await linkOf({ ...ipv6, parent: 'e' })).toMatchObject({
      families: [
        { hostAddress: '169.254.0.1' },
        { hostAddress: 'fe80::1', gateway: true, hostTable: 7, addresses: ['fd00::2'], routes: ['fd00:1::/64'] },
      ],
    });
    expect(await linkOf({ 'ipv4.address': '', 'ipv6.address': 'fd00::3', 'ipv6.gateway': 'none' })).toMatchObject({
      families: [{ gateway: false, addresses: ['fd00::3'], routes: [] }],
    });
    expect(deviceRules.guarded).toBe(true);
    for (const setting of ['ipv6/conf/all/forwarding', 'ipv6/conf/e/forwarding', 'ipv6/conf/e/proxy_ndp']) {
      off.add(setting);
      await expect(linkOf({ ...ipv6, parent: 'e' })).rejects.toThrow(`Routed mode requires sysctl net.${setting.replaceAll('/', '.')}=1`);
      off.delete(setting);
    }
    off.add('ipv6/conf/all/forwarding');
    expect(await linkOf({ parent: 'e' })).toBeDefined();
  });

  it('come anew with other addresses where they are set inside', async () => {
    const { attachments } = world();
    const { attached } = await attachments.choose(owner, { eth0: routed });
    const { leave, come } = await attachments.difference(owner, attached, { eth0: { ...routed, 'ipv4.address': '10.0.0.4' } });
    expect([leave, come].map((list) => list.map(({ device }) => device))).toEqual([['eth0'], ['eth0']]);
  });

  it('that the kernel refuses are told of by name', async () => {
    const { attachments } = world();
    const { attached } = await attachments.choose(owner, {
      eth0: routed,
      lan: { type: 'nic', nictype: 'macvlan', parent: 'e', name: 'eth1' },
    });
    const said = (errno: string, syscall: string, path: string) =>
      (inTermsOfDevices(new LxError('launch.failed', { stage: 'links', syscall, errno, path }), attached) as Error).message;
    expect(said('EOPNOTSUPP', 'RTM_NEWLINK', 'eth1')).toBe(
      'Failed to start device "lan": the kernel of this host has no network interfaces of the kind "macvlan"',
    );
    expect(said('EEXIST', 'RTM_NEWROUTE', '10.0.0.3')).toBe('Failed to start device "eth0": The host has a route to "10.0.0.3" already');
    expect(said('EBUSY', 'RTM_NEWLINK', 'vmine')).toBe('Failed to start device "eth0": RTM_NEWLINK vmine: EBUSY');
    expect(said('EBUSY', 'RTM_NEWLINK', 'other')).toContain('Failed to start: links');
  });

  it('make up a MAC address for a network card without one, which the start stores', async () => {
    const { attachments } = world();
    const { attached, volatile } = await attachments.choose({ ...owner, volatile: {} }, { eth0 });
    expect(volatile).toEqual({ 'volatile.eth0.hwaddr': attached[0]?.hwaddr });
    expect(attached[0]?.hwaddr).toMatch(/^00:16:3e:/);
  });

  it('are detached again when one of them cannot be attached', async () => {
    const { attachments, calls } = world('down');
    const chosen = await attachments.choose(owner, { eth0, eth1: { type: 'nic', network: 'down' } });
    await expect(attachments.attach(owner, chosen)).rejects.toThrow('the network is down');
    expect(calls.filter(([name]) => name === 'detach').map(([, { device }]) => device)).toEqual(['eth0', 'eth1']);
  });

  it('get a changed address while they run, and the old one back', async () => {
    const { attachments, calls } = world();
    const { attached } = await attachments.choose(owner, { eth0 });
    const changed = attachments.changed(attached, { eth0: { ...eth0, 'ipv4.address': '10.0.0.6' } });
    expect(changed).toEqual([{ ...attached[0], ipv4: '10.0.0.6' }]);
    const keeper = running();
    await attachments.update(keeper, owner, attached, changed);
    await attachments.update(keeper, owner, changed, attached);
    expect(calls.map(([, { ipv4 }]) => ipv4)).toEqual(['10.0.0.6', '10.0.0.5']);
    // One that the instance has no more stays as it was attached.
    expect(attachments.changed(attached, {})).toEqual(attached);
  });

  it('are kept to limits, which change while they run', async () => {
    const { attachments } = world();
    const limited = { ...eth0, 'limits.ingress': '10Mbit', 'limits.egress': '5Mbit' };
    const { attached } = await attachments.choose(owner, { eth0: limited });
    const { links } = await attachments.attach(owner, { attached });
    expect(links).toMatchObject([{ limits: { in: 10_000_000, out: 5_000_000 } }]);
    const keeper = running();
    const change = async (options: object) => {
      const changed = attachments.changed(attached, { eth0: { ...eth0, ...options } });
      expect((await attachments.difference(owner, attached, { eth0: { ...eth0, ...options } })).leave).toEqual([]);
      keeper.limits.clear();
      await attachments.update(keeper, owner, attached, changed);
      return keeper.limits.get('eth0');
    };
    expect(await change({ 'limits.ingress': '10Mbit', 'limits.egress': '5000kbit' })).toBeUndefined();
    expect(await change({ 'limits.egress': '1Gbit', 'limits.max': '2Mbit' })).toEqual({ in: 2_000_000, out: 2_000_000 });
    expect(await change({ 'limits.ingress': '0' })).toEqual({ in: null, out: null });
    keeper.refused = 'eth0';
    await expect(change({})).rejects.toThrow('Failed to change device "eth0": EBUSY');
  });

  it('without limits ask nothing of a keeper that is too old to know them', async () => {
    const { attachments } = world();
    const limited = { ...eth0, 'limits.max': '10Mbit' };
    const [{ attached: free }, { attached: kept }] = [
      await attachments.choose(owner, { eth0 }),
      await attachments.choose(owner, { eth0: limited }),
    ];
    const keeper = running();
    keeper.limit = async () => {
      throw Object.assign(new Error('ENOSYS'), { code: 'ENOSYS' });
    };
    await expect(attachments.update(keeper, owner, free, kept)).rejects.toThrow(
      'Failed to change device "eth0": the instance was started by an earlier version of this server: restart it',
    );
    await attachments.update(keeper, owner, kept, free);
  });

  const filtered = { ...eth0, host_name: 'vmine', 'security.ipv4_filtering': 'true' };

  it('send what their filter lets them, from before they are there until they are gone', async () => {
    const { attachments, deviceRules } = world();
    const isolated = { ...filtered, 'security.port_isolation': 'true' };
    const { attached } = await attachments.choose(owner, { eth0: isolated });
    expect((await attachments.attach(owner, { attached })).links).toMatchObject([{ isolated: true }]);
    const filter = { mac: '00:16:3e:00:00:01', ipv4: ['10.0.0.5'], ipv6: null };
    expect([...deviceRules.filters]).toEqual([['vmine', { instanceId: 'i', device: 'eth0', filter }]]);
    const change = async (from: typeof attached, options: object) => {
      const to = attachments.changed(from, { eth0: { ...eth0, ...options } });
      await attachments.update(running(), owner, from, to);
      return to;
    };
    const other = await change(attached, { 'ipv4.address': '10.0.0.6', 'security.ipv4_filtering': 'true', 'security.mac_filtering': '1' });
    expect(deviceRules.filters.get('vmine')?.filter).toEqual({ ...filter, ipv4: ['10.0.0.6'] });
    expect(deviceRules.filters.get((await change(other, {})) && 'vmine')).toBeUndefined();
    await change(other, { 'security.mac_filtering': 'true' });
    expect(deviceRules.filters.get('vmine')?.filter).toEqual({ ...filter, ipv4: null });
    await attachments.detach(owner, other);
    expect(deviceRules.filters.size).toBe(0);
  });

  it('do not come where the packet filter cannot keep them to it, and what was cut off is swept', async () => {
    const { attachments, deviceRules } = world();
    const chosen = await attachments.choose(owner, { eth0: filtered });
    deviceRules.broken = true;
    await expect(attachments.attach(owner, chosen)).rejects.toThrow(/^Failed to start device "eth0": .*SIGSEGV/);
    deviceRules.broken = false;
    await attachments.attach(owner, chosen);
    await attachments.sweep(owner);
    expect(deviceRules.filters.size).toBe(0);
  });

  const data = { type: 'disk', source: '/srv/data/', path: '/data/in', readonly: 'true', shift: 'true', recursive: 'true' };
  const file = { type: 'disk', source: '/srv/file', path: 'data' };

  it('are mounts of the launch plan, those above before those below', async () => {
    const { attachments } = world();
    const chosen = await attachments.choose(owner, {
      a: data,
      b: file,
      none: { type: 'disk', source: '/gone', path: '/g', required: 'false' },
    });
    const { mounts } = await attachments.attach(owner, chosen);
    const plain = { optional: false, plain: true };
    expect(mounts).toEqual([
      {
        layer: { path: '/srv/file', idmapped: false, readonly: false, recursive: false, ...plain },
        target: '/data',
        create: 'file',
        flags: ['nodev'],
      },
      {
        layer: { path: '/srv/data', idmapped: true, readonly: true, recursive: true, ...plain },
        target: '/data/in',
        create: 'directory',
        flags: ['readonly', 'nodev'],
      },
    ]);
  });

  it.each([
    ['/gone', 'Missing source path "/gone" for disk "d"'],
    ['/linked', 'leads through a symbolic link'],
    ['/dev/sda', 'is neither a directory nor a file'],
  ])('are no disk of %s', async (source, words) => {
    const { attachments, places } = world();
    places.add('/linked', 'directory', { linked: true }).add('/dev/sda', 'block');
    const chosen = await attachments.choose(owner, { d: { type: 'disk', source, path: '/d' } });
    await expect(attachments.attach(owner, chosen)).rejects.toThrow(words);
  });

  it('are volumes of pools, with the ids of the instance unless the volume says otherwise', async () => {
    const { attachments, places } = world();
    for (const name of ['v', 'unmapped']) places.add(`/pools/p/default_${name}`, 'directory', { linked: true });
    const volume = (source: string, more = {}) => ({ type: 'disk', pool: 'p', source, path: `/mnt/${source}`, ...more });
    const missing = volume('missing', { required: 'false' });
    const chosen = await attachments.choose(owner, { a: volume('v', { readonly: 'true' }), b: volume('unmapped'), missing });
    const { mounts } = await attachments.attach(owner, chosen);
    const rest = { optional: false, recursive: false, plain: false };
    expect(mounts).toEqual([
      {
        layer: { path: '/pools/p/default_unmapped', idmapped: false, readonly: false, ...rest },
        target: '/mnt/unmapped',
        create: 'directory',
        flags: ['nodev'],
      },
      {
        layer: { path: '/pools/p/default_v', idmapped: true, readonly: true, ...rest },
        target: '/mnt/v',
        create: 'directory',
        flags: ['readonly', 'nodev'],
      },
    ]);
    for (const [source, words] of [
      ['gone', 'Failed loading custom volume: Storage volume not found'],
      ['missing', 'Missing source path "/pools/p/default_missing" for disk "d"'],
    ] as const)
      await expect(attachments.attach(owner, await attachments.choose(owner, { d: volume(source) }))).rejects.toThrow(words);
  });

  it('come to a running instance and go, as far as they differ', async () => {
    const { attachments, calls } = world();
    const keeper = running();
    const { attached } = await attachments.choose(owner, { eth0, a: data });
    expect(await attachments.difference(owner, attached, { eth0: { ...eth0, 'ipv4.address': '10.0.0.9' }, a: { ...data } })).toEqual({
      leave: [],
      come: [],
    });
    const change = await attachments.difference(owner, attached, { a: file, eth1: { ...eth0, name: 'eth1' } });
    expect(change.leave.map(({ device }) => device)).toEqual(['eth0', 'a']);
    expect(change.come.map(({ device }) => device)).toEqual(['a', 'eth1']);
    await attachments.plug(keeper, owner, attached);
    await attachments.unplug(keeper, owner, change.leave);
    await attachments.plug(keeper, owner, change.come);
    expect([...keeper.mounts.keys()]).toEqual(['/data']);
    expect([...keeper.links.keys()]).toEqual(['eth1']);
    expect(calls.map(([name, { device }]) => [name, device])).toEqual([
      ['attach', 'eth0'],
      ['detach', 'eth0'],
      ['attach', 'eth1'],
    ]);
    // Again: what is gone is gone.
    await attachments.unplug(keeper, owner, change.leave);
    keeper.refused = '/data/in';
    await expect(attachments.plug(keeper, owner, [attached[1] as never])).rejects.toThrow('Failed to start device "a": EBUSY');
  });

  it('are nodes with the numbers of the host, or with their own', async () => {
    const { attachments, places } = world();
    places
      .add('/dev/ttyS0', 'char', { major: 4, minor: 64 })
      .add('/dev/sda', 'block', { major: 8 })
      .add('/srv/link', 'char', { linked: true });
    const chosen = await attachments.choose(owner, {
      a: { type: 'unix-char', source: '/dev/ttyS0', path: '/dev/modem', mode: '0600', uid: '5', gid: '6' },
      b: { type: 'unix-char', path: '/dev/made', major: '10', minor: '3' },
      c: { type: 'unix-char', path: '/dev/later', required: 'false' },
    });
    const { mounts } = await attachments.attach(owner, chosen);
    expect(mounts.map(({ target, layer }) => [target, layer.node])).toEqual([
      ['/dev/made', { kind: 'char', major: 10, minor: 3, mode: 0o660, uid: 0, gid: 0 }],
      ['/dev/modem', { kind: 'char', major: 4, minor: 64, mode: 0o600, uid: 5, gid: 6 }],
    ]);
    const refused = async (source: string) =>
      attachments.attach(owner, await attachments.choose(owner, { d: { type: 'unix-char', source } }));
    await expect(refused('/dev/none')).rejects.toThrow('Failed to start device "d": The required device path doesn\'t exist');
    await expect(refused('/dev/sda')).rejects.toThrow('Path specified is not a unix-char device');
    const block = await attachments.choose(owner, { d: { type: 'unix-block', source: '/dev/ttyS0' } });
    await expect(attachments.attach(owner, block)).rejects.toThrow('Path specified is not a unix-block device');
    await expect(refused('/srv/link')).rejects.toThrow('leads through a symbolic link');
  });

  const stick = { bus: 'usb', vendor: '0403', product: '6001', address: '1-2' } as const;
  const onHost: HostDevice[] = [
    { path: '/dev/bus/usb/001/002', kind: 'char', major: 189, minor: 1, subsystem: 'usb', hardware: stick },
    { path: '/dev/ttyUSB0', kind: 'char', major: 188, minor: 0, subsystem: 'tty', hardware: stick },
    { path: '/dev/null', kind: 'char', major: 1, minor: 3, subsystem: 'mem', hardware: null },
    { path: '/dev/dri/card0', kind: 'char', major: 226, minor: 0, subsystem: 'drm', hardware: gpuAt('0000:01:00.0', '10de') },
    { path: '/dev/dri/renderD128', kind: 'char', major: 226, minor: 128, subsystem: 'drm', hardware: gpuAt('0000:01:00.0', '10de') },
    { path: '/dev/dri/card1', kind: 'char', major: 226, minor: 1, subsystem: 'drm', hardware: gpuAt('0000:02:00.0', '1002') },
  ];

  it.each([
    [{ type: 'usb' }, ['/dev/bus/usb/001/002']],
    [{ type: 'usb', vendorid: '0403', productid: '6001' }, ['/dev/bus/usb/001/002']],
    [{ type: 'usb', vendorid: '0404' }, []],
    [{ type: 'unix-hotplug', vendorid: '0403' }, ['/dev/ttyUSB0']],
    [{ type: 'unix-hotplug', productid: '6002' }, []],
    [{ type: 'gpu' }, ['/dev/dri/card0', '/dev/dri/card1', '/dev/dri/renderD128']],
    [{ type: 'gpu', id: '0' }, ['/dev/dri/card0', '/dev/dri/renderD128']],
    [{ type: 'gpu', pci: '01:00.0' }, ['/dev/dri/card0', '/dev/dri/renderD128']],
    [{ type: 'gpu', vendorid: '1002' }, ['/dev/dri/card1']],
  ])('of %o have these nodes of the host: %o', async (options, paths) => {
    const { attachments, devices } = world();
    devices.devices = onHost;
    const chosen = await attachments.choose(owner, { d: options as Record<string, string> });
    const { mounts } = await attachments.attach(owner, chosen);
    expect(mounts.map(({ target }) => target)).toEqual(paths);
    expect(mounts.every(({ layer }) => layer.node?.mode === 0o660)).toBe(true);
  });

  it.each([
    [{ type: 'usb', required: 'true' }, 'Required USB device not found'],
    [{ type: 'unix-hotplug', vendorid: '0403', required: 'true' }, 'Required Unix Hotplug device not found'],
    [{ type: 'gpu' }, 'Failed to detect requested GPU device'],
    [{ type: 'gpu', pci: '01:00.0' }, 'Invalid PCI address (no device found): 0000:01:00.0'],
  ])('of %o are refused where the host has none', async (options, words) => {
    const { attachments } = world();
    const chosen = await attachments.choose(owner, { d: options as Record<string, string> });
    await expect(attachments.attach(owner, chosen)).rejects.toThrow(`Failed to start device "d": ${words}`);
  });

  it('wait for what the host may get, and are another then', async () => {
    const { attachments, devices, places } = world();
    const wanted = {
      usb: { type: 'usb', vendorid: '0403' },
      later: { type: 'unix-char', source: '/dev/later', required: 'false' },
      kept: { type: 'gpu', id: '0' },
    };
    devices.devices = onHost.slice(3);
    const { attached } = await attachments.choose(owner, wanted);
    expect((await attachments.attach(owner, { attached })).mounts).toHaveLength(2);
    expect([attachments.waiting.ids(), attachments.waiting.paths()]).toEqual([['i'], ['/dev/later']]);
    devices.devices = onHost.slice(0, 3);
    places.add('/dev/later', 'char', { major: 9, minor: 9 });
    const { leave, come } = await attachments.difference(owner, attached, wanted);
    expect([leave, come].map((list) => list.map(({ device }) => device))).toEqual([
      ['usb', 'later'],
      ['usb', 'later'],
    ]);
    // A regular file in its place is none.
    places.add('/dev/later', 'file');
    expect((await attachments.difference(owner, attached, wanted)).come.map(({ device }) => device)).toEqual(['usb']);
    await attachments.detach(owner, attached);
    expect(attachments.waiting.ids()).toEqual([]);
  });
});

function gpuAt(address: string, vendor: string): HostDevice['hardware'] {
  return { bus: 'pci', vendor, product: '1234', address };
}
