import { join } from 'node:path';
import { boundsOf, formatIpv4, formatIpv6 } from '#lib/contract';
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
  const { ipv4, ipv6, dhcp, dhcp6, dns } = bridge;
  if ((!ipv4 && !ipv6) || (!dhcp && !dhcp6 && dns.mode === 'none')) return null;
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
    ...(dhcp || dhcp6 ? leaseArguments(bridge) : []),
    ...(ipv4 && dhcp ? dhcpArguments(bridge, ipv4.prefix, dhcp) : []),
    ...(ipv6 && dhcp6 ? dhcp6Arguments(bridge, ipv6.prefix, dhcp6) : []),
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

/** Of both families. */
function leaseArguments(bridge: Bridge): string[] {
  const files = dnsmasqFiles(bridge);
  const { mode } = bridge.dns;
  const size =
    bridge.dhcp6?.mode === 'stateful' ? 65_536 : (bridge.dhcp?.ranges ?? []).reduce((sum, { first, last }) => sum + last - first + 1, 0);
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
    // Names are those of the host entries; what a client calls itself counts only in mode dynamic.
    ...(mode === 'dynamic' ? [] : ['--dhcp-ignore-names']),
  ];
}

function dhcpArguments(bridge: Bridge, prefix: number, dhcp: NonNullable<Bridge['dhcp']>): string[] {
  const netmask = formatIpv4(boundsOf({ address: 0xffffffff, prefix }).first);
  const { search } = bridge.dns;
  return [
    ...dhcp.ranges.map(({ first, last }) => `--dhcp-range=${formatIpv4(first)},${formatIpv4(last)},${netmask},${dhcp.expiry}`),
    ...(dhcp.gateway ? [`--dhcp-option-force=option:router,${dhcp.gateway}`] : []),
    ...(search.length > 0 ? [`--dhcp-option-force=option:domain-search,${search.join(',')}`] : []),
    ...(bridge.mtu === 1500 ? [] : [`--dhcp-option-force=option:mtu,${bridge.mtu}`]),
  ];
}

/** Routers are found by advertisements alone, so those are sent in every mode; what they say of DHCPv6 follows from the mode. */
function dhcp6Arguments({ name, dns }: Bridge, prefix: number, { mode, ranges, expiry }: NonNullable<Bridge['dhcp6']>): string[] {
  const stateless = { advertised: 'ra-only', stateless: 'ra-stateless,ra-names' };
  return [
    '--enable-ra',
    '--quiet-dhcp6',
    '--quiet-ra',
    ...(mode === 'stateful'
      ? ranges.map(({ first, last }) => `--dhcp-range=${formatIpv6(first)},${formatIpv6(last)},${prefix},${expiry}`)
      : [`--dhcp-range=::,constructor:${name},${stateless[mode]}`]),
    ...(dns.search.length > 0 ? [`--dhcp-option=option6:domain-search,${dns.search.join(',')}`] : []),
  ];
}
