import { describe, expect, it } from 'vitest';
import type { StringMap } from '#lib/base';
import { parseBridge } from './config.ts';
import { dnsmasqArguments } from './dnsmasq-arguments.ts';
import { parseLeases } from './leases.ts';

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
      firewall: { masquerade: null, forward: 'accept', services: true },
    });
  });

  it('tells what the firewall shall do', () => {
    expect(bridge({ 'ipv4.nat': 'true' }).firewall.masquerade).toBe('10.1.2.0/24');
    expect(bridge({ 'ipv4.routing': 'false' }).firewall.forward).toBe('drop');
    expect(bridge({ 'ipv4.firewall': 'false' }).firewall).toEqual({ masquerade: null, forward: 'leave', services: false });
    expect(bridge({ 'ipv4.address': 'none', 'ipv4.nat': 'true' }).firewall).toEqual({
      masquerade: null,
      forward: 'accept',
      services: false,
    });
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
        "--dhcp-range=10.1.2.2,10.1.2.254,255.255.255.0,1h",
        "--dhcp-ignore-names",
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
