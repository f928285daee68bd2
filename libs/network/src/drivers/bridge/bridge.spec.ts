import { describe, expect, it } from 'vitest';
import type { StringMap } from '#lib/base';
import { parseBridge } from './config.ts';
import { dnsmasqArguments } from './dnsmasq-arguments.ts';
import { parseLeases, parseLeases6 } from './leases.ts';

const bridge = (config: StringMap) => {
  const whole = { 'ipv4.address': '10.1.2.1/24', 'volatile.bridge.hwaddr': '00:16:3E:00:00:01', ...config };
  return parseBridge({ id: 'i', project: 'default', name: 'br0', type: 'bridge', description: '', config: whole }, '/d');
};

describe('parseBridge', () => {
  it('fills defaults in', () => {
    expect(bridge({})).toMatchObject({
      mac: '00:16:3e:00:00:01',
      mtu: 1500,
      routing: true,
      dhcp: { expiry: '1h', gateway: null },
      dns: { mode: 'managed', domain: 'lxd', search: [] },
      ipv6: null,
      dhcp6: null,
      firewall: {
        ipv4: { masquerade: null, forward: 'accept', services: true },
        ipv6: { masquerade: null, forward: 'leave', services: false },
      },
    });
  });

  it('tells what the firewall shall do', () => {
    expect(bridge({ 'ipv4.nat': 'true' }).firewall.ipv4.masquerade).toBe('10.1.2.0/24');
    expect(bridge({ 'ipv4.routing': 'false' }).firewall.ipv4.forward).toBe('drop');
    expect(bridge({ 'ipv4.firewall': 'false' }).firewall.ipv4).toEqual({ masquerade: null, forward: 'leave', services: false });
    expect(bridge({ 'ipv4.address': 'none', 'ipv4.nat': 'true' }).firewall.ipv4).toEqual({
      masquerade: null,
      forward: 'accept',
      services: false,
    });
  });
});

describe('IPv6 of a bridge', () => {
  const six = (config: StringMap = {}) => bridge({ 'ipv6.address': 'fd42:1::1/64', ...config });

  it('is what the config says', () => {
    expect(six({ 'ipv6.nat': 'true' }).firewall.ipv6).toEqual({ masquerade: 'fd42:1::/64', forward: 'accept', services: true });
    expect(six({ 'ipv6.routing': 'false' }).firewall.ipv6.forward).toBe('drop');
    expect(six({ 'ipv6.firewall': 'false' }).firewall.ipv6).toEqual({ masquerade: null, forward: 'leave', services: false });
  });

  it.each([
    [{}, ['--dhcp-range=::,constructor:br0,ra-stateless,ra-names']],
    [{ 'ipv6.dhcp': 'false', 'ipv6.dhcp.stateful': 'true' }, ['--dhcp-range=::,constructor:br0,ra-only']],
    [{ 'ipv6.dhcp.stateful': 'true' }, ['--dhcp-range=fd42:1::2,fd42:1::ffff:ffff:ffff:ffff,64,1h', '--dhcp-lease-max=65536']],
    [
      { 'ipv6.dhcp.stateful': 'true', 'ipv6.dhcp.ranges': 'fd42:1::10-fd42:1::1f', 'ipv6.dhcp.expiry': '5m', 'dns.search': 'a.org' },
      ['--dhcp-range=fd42:1::10,fd42:1::1f,64,5m', '--dhcp-option=option6:domain-search,a.org'],
    ],
    [{ 'ipv4.address': 'none', 'dns.mode': 'none' }, ['--port=0', '--dhcp-range=::,constructor:br0,ra-stateless,ra-names']],
  ])('%o is told to instances', (config, words) => {
    expect(dnsmasqArguments(six(config))).toEqual(expect.arrayContaining(['--enable-ra', ...words]));
  });
});

describe('dnsmasqArguments', () => {
  it('serves one bridge only', () => {
    expect(dnsmasqArguments(bridge({}))).toMatchInlineSnapshot(`
      [
        "--conf-file=",
        "--no-hosts",
        "--pid-file=/d/br0/dnsmasq.pid",
        "--log-facility=/d/br0/dnsmasq.log",
        "--interface=br0",
        "--except-interface=lo",
        "--bind-interfaces",
        "--domain=lxd",
        "--local=/lxd/",
        "--domain-needed",
        "--interface-name=_gateway.lxd,br0",
        "--dhcp-authoritative",
        "--dhcp-no-override",
        "--dhcp-rapid-commit",
        "--no-ping",
        "--quiet-dhcp",
        "--dhcp-leasefile=/d/br0/dnsmasq.leases",
        "--dhcp-hostsdir=/d/br0/dnsmasq.hosts",
        "--dhcp-lease-max=253",
        "--dhcp-ignore-names",
        "--dhcp-range=10.1.2.2,10.1.2.254,255.255.255.0,1h",
      ]
    `);
  });

  it('follows the config', () => {
    const config = {
      'bridge.mtu': '1400',
      'dns.domain': 'example.org',
      'dns.mode': 'dynamic',
      'dns.search': 'a.org, b.org',
      'ipv4.dhcp.expiry': '5m',
      'ipv4.dhcp.gateway': '10.1.2.254',
      'ipv4.dhcp.ranges': '10.1.2.10-10.1.2.19, 10.1.2.30-10.1.2.39',
    };
    const args = dnsmasqArguments(bridge(config)) ?? [];
    expect(args).toEqual(
      expect.arrayContaining([
        '--domain=example.org',
        '--dhcp-range=10.1.2.10,10.1.2.19,255.255.255.0,5m',
        '--dhcp-range=10.1.2.30,10.1.2.39,255.255.255.0,5m',
        '--dhcp-lease-max=20',
        '--dhcp-option-force=option:router,10.1.2.254',
        '--dhcp-option-force=option:domain-search,a.org,b.org',
        '--dhcp-option-force=option:mtu,1400',
      ]),
    );
    expect(args).not.toContain('--dhcp-ignore-names');
  });

  it('is null where nothing is to be served', () => {
    expect(dnsmasqArguments(bridge({ 'ipv4.address': 'none' }))).toBeNull();
    expect(dnsmasqArguments(bridge({ 'ipv4.dhcp': 'false', 'dns.mode': 'none' }))).toBeNull();
    expect(dnsmasqArguments(bridge({ 'dns.mode': 'none' }))).toContain('--port=0');
    expect(dnsmasqArguments(bridge({ 'ipv4.dhcp': 'false' }))?.join()).not.toContain('--dhcp');
  });
});

it('parseLeases6 reads IPv6 leases of clients whose MAC address is known', () => {
  const text = [
    '1795448961 00:16:3e:00:00:01 10.1.2.9 c1 01:00:16:3e:00:00:01',
    'duid 00:01:00:01:2f:00:00:00:00:16:3e:00:00:09',
    '1795448961 1 fd00::1 c1 00:01:00:01:2f:00:00:00:00:16:3E:00:00:01',
    '0 2 fd00::2 * 00:03:00:01:00:16:3e:00:00:02',
    '1795448961 3 fd00::3 c3 00:02:00:00:ab:11:01:02:03:04',
    '',
  ].join('\n');
  expect(parseLeases6(text)).toEqual([
    { expiresAt: 1795448961000, mac: '00:16:3e:00:00:01', address: 'fd00::1', hostname: 'c1' },
    { expiresAt: Number.POSITIVE_INFINITY, mac: '00:16:3e:00:00:02', address: 'fd00::2', hostname: null },
  ]);
});

it('parseLeases reads IPv4 leases', () => {
  const text = [
    '1795448961 00:16:3E:00:00:01 10.1.2.9 c1 01:00:16:3e:00:00:01',
    '0 06-00:16:3e:00:00:02 10.1.2.10 * *',
    'nonsense',
    'duid 00:01',
    '1795448961 1 fd00::1 c1 00:01',
  ].join('\n');
  expect(parseLeases(text)).toEqual([
    { expiresAt: 1795448961000, mac: '00:16:3e:00:00:01', address: '10.1.2.9', hostname: 'c1', clientId: '01:00:16:3e:00:00:01' },
    { expiresAt: Number.POSITIVE_INFINITY, mac: '00:16:3e:00:00:02', address: '10.1.2.10', hostname: null, clientId: null },
  ]);
});
