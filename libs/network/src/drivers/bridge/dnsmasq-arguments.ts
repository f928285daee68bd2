import { join } from 'node:path';
import { boundsOf, formatIpv4 } from '#lib/contract';
import type { Bridge } from './config.ts';

/** Files of a bridge's dnsmasq. All but the host entries are written by dnsmasq itself. */
export function dnsmasqFiles({ directory }: Bridge): { hosts: string; leases: string; pid: string; log: string } {
  return {
    hosts: join(directory, 'dnsmasq.hosts'),
    leases: join(directory, 'dnsmasq.leases'),
    pid: join(directory, 'dnsmasq.pid'),
    log: join(directory, 'dnsmasq.log'),
  };
}

/**
 * dnsmasq(8) for one bridge, or null where the network needs none. It listens on the bridge's address only, so several
 * of them, and another DNS server of the host, live side by side. The whole configuration is in the arguments: a running
 * one is known by them.
 */
export function dnsmasqArguments(bridge: Bridge): string[] | null {
  const { ipv4, dhcp, dns } = bridge;
  if (!ipv4 || (!dhcp && dns.mode === 'none')) return null;
  const files = dnsmasqFiles(bridge);
  return [
    '--conf-file=',
    '--no-hosts',
    `--pid-file=${files.pid}`,
    `--log-facility=${files.log}`,
    `--interface=${bridge.name}`,
    '--except-interface=lo',
    '--bind-interfaces',
    ...dnsArguments(bridge),
    ...(dhcp ? dhcpArguments(bridge, ipv4.prefix, dhcp) : []),
  ];
}

function dnsArguments({ name, dns }: Bridge): string[] {
  if (dns.mode === 'none') return ['--port=0'];
  return [
    `--domain=${dns.domain}`,
    // Names of this domain, and names without any, are nobody else's business.
    `--local=/${dns.domain}/`,
    '--domain-needed',
    `--interface-name=_gateway.${dns.domain},${name}`,
  ];
}

function dhcpArguments(bridge: Bridge, prefix: number, dhcp: NonNullable<Bridge['dhcp']>): string[] {
  const files = dnsmasqFiles(bridge);
  const netmask = formatIpv4(boundsOf({ address: 0xffffffff, prefix }).first);
  const size = dhcp.ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const { mode, search } = bridge.dns;
  return [
    '--dhcp-authoritative',
    '--dhcp-no-override',
    '--dhcp-rapid-commit',
    // An address is probed by ping before it is offered: up to 3 s in which dnsmasq answers nobody.
    '--no-ping',
    '--quiet-dhcp',
    `--dhcp-leasefile=${files.leases}`,
    // New files are noticed by inotify, no signal is needed.
    `--dhcp-hostsdir=${files.hosts}`,
    `--dhcp-lease-max=${Math.min(size, 65_536)}`,
    ...dhcp.ranges.map(({ first, last }) => `--dhcp-range=${formatIpv4(first)},${formatIpv4(last)},${netmask},${dhcp.expiry}`),
    // Names are those of the host entries; what a client calls itself counts only in mode dynamic.
    ...(mode === 'dynamic' ? [] : ['--dhcp-ignore-names']),
    ...(dhcp.gateway ? [`--dhcp-option-force=option:router,${dhcp.gateway}`] : []),
    ...(search.length > 0 ? [`--dhcp-option-force=option:domain-search,${search.join(',')}`] : []),
    ...(bridge.mtu === 1500 ? [] : [`--dhcp-option-force=option:mtu,${bridge.mtu}`]),
  ];
}
