import { describe, expect, it } from 'vitest';
import { deviceProblems, expandedDeviceProblems, nics, rootDisk } from './devices.ts';

const root = { type: 'disk', path: '/', pool: 'default' };
const eth0 = { type: 'nic', network: 'lxctlbr0', name: 'eth0' };

describe('deviceProblems', () => {
  it('accepts a root disk, a nic on a network, on a bridge and point to point, and none', () => {
    expect(
      deviceProblems({
        root,
        eth0,
        eth1: { type: 'nic', nictype: 'bridged', parent: 'br0' },
        eth2: { type: 'nic', nictype: 'p2p' },
        gone: { type: 'none' },
      }),
    ).toEqual([]);
  });

  it('refuses an unknown type, one that is not supported, and one that hides in a prototype', () => {
    expect(deviceProblems({ a: { type: 'banana' } })[0]).toMatch(/Unsupported device type "banana"/);
    expect(deviceProblems({ a: { type: 'gpu' } })[0]).toMatch(/not supported by this server/);
    expect(deviceProblems({ a: { type: 'constructor' } })).toHaveLength(1);
    expect(deviceProblems({ a: {} })).toHaveLength(1);
  });

  it('names every problem of every device', () => {
    const problems = deviceProblems({
      eth0: { type: 'nic', network: 'n', hwaddr: 'zz', mtu: '1', colour: 'red' },
      root: { type: 'disk', path: '/', size: '1GB' },
    });
    expect(problems).toHaveLength(5);
  });

  it.each([
    [{ type: 'nic' }],
    [{ type: 'nic', network: 'n', nictype: 'bridged' }],
    [{ type: 'nic', nictype: 'macvlan', parent: 'eth0' }],
    [{ type: 'nic', network: 'n', hwaddr: '01:00:00:00:00:01' }],
    [{ type: 'nic', network: '../../x' }],
    [{ type: 'nic', network: 'n', name: 'a'.repeat(16) }],
    [{ type: 'nic', nictype: 'p2p', 'ipv4.address': '10.0.0.2' }],
    [{ type: 'disk', path: '/mnt', source: '/etc' }],
  ])('refuses %o', (options) => {
    expect(deviceProblems({ d: options as Record<string, string> }).length).toBeGreaterThan(0);
  });
});

describe('the whole of an instance', () => {
  it('needs one root disk and unique names inside', () => {
    expect(expandedDeviceProblems({ root, eth0 })).toEqual([]);
    expect(expandedDeviceProblems({ eth0 })[0]).toMatch(/No root device/);
    expect(expandedDeviceProblems({ root, other: { ...root } })[0]).toMatch(/More than one/);
    expect(expandedDeviceProblems({ root, eth0, eth1: { ...eth0 } })[0]).toMatch(/Duplicate/);
  });

  it('is read into nics and a root disk', () => {
    expect(nics({ root, lan: { type: 'nic', network: 'n', mtu: '1400' } })).toEqual([
      { device: 'lan', network: 'n', parent: null, name: 'lan', hwaddr: null, mtu: 1400, hostName: null, ipv4: null },
    ]);
    expect(rootDisk({ root, eth0 })).toEqual({ device: 'root', pool: 'default' });
  });
});
