import type { StringMap } from '#lib/base';
import { defineKeys, isKeyText, type KeyCatalogue, keyRow } from './define.ts';
import { boundsOf, ipv4Address, parseCidr4, parseRange4 } from './ipv4.ts';
import { bounds6, parseCidr6, parseRange6 } from './ipv6.ts';
import { anyOf, bool, integer, isTrue, keyType, listOf, oneOf, text, unicastMac } from './types.ts';

const domain = keyType('a DNS domain', (value) =>
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(value),
);
/** A host's own address in a subnet that has room for others: neither the network's nor the broadcast address. */
const hostCidr = keyType('an address with its prefix such as 10.1.2.1/24', (value) => {
  const cidr = parseCidr4(value);
  if (!cidr || cidr.prefix < 8 || cidr.prefix > 30) return false;
  const { first, last } = boundsOf(cidr);
  return cidr.address > first && cidr.address < last;
});
/** No prefix longer than DHCPv6 needs, and not the address of all routers of the subnet (RFC 4291, 2.6.1). */
const hostCidr6 = keyType('an IPv6 address with its prefix such as fd42:1:2:3::1/64', (value) => {
  const cidr = parseCidr6(value);
  return cidr !== null && cidr.prefix >= 64 && cidr.prefix <= 126 && cidr.address !== bounds6(cidr).first;
});
const ranges6 = listOf(keyType('an address range such as fd42::10-fd42::99', (value) => parseRange6(value) !== null));
const ranges = listOf(keyType('an address range such as 10.1.2.10-10.1.2.99', (value) => parseRange4(value) !== null));
const expiry = keyType('a lease time such as 1h, 30m, 3600 or infinite', (value) => /^([1-9]\d{0,7}[smhdw]?|infinite)$/.test(value));

/** What may be configured on a managed bridge. */
export const bridgeKeys = defineKeys('network.bridge', {
  'bridge.driver': { type: oneOf('native'), default: 'native', doc: 'Who makes the bridge: the kernel (`native`).', live: false },
  'bridge.hwaddr': {
    type: unicastMac,
    doc: 'MAC address of the bridge. Unset: one is made up and kept in volatile.bridge.hwaddr.',
    live: true,
  },
  'bridge.mtu': {
    type: integer({ min: 1280, max: 65_535 }),
    default: '1500',
    doc: 'MTU of the bridge and of the nics on it.',
    live: true,
  },
  'dns.domain': { type: domain, default: 'lxd', doc: 'Domain under which instances are known to each other.', live: true },
  'dns.mode': {
    type: oneOf('managed', 'dynamic', 'none'),
    default: 'managed',
    doc: "DNS names: the instances' own (`managed`), those the DHCP clients ask for (`dynamic`), or no DNS server (`none`).",
    live: true,
  },
  'dns.search': { type: listOf(domain), doc: 'Search domains given to instances. Unset: dns.domain.', live: true },
  'ipv4.address': {
    type: anyOf(hostCidr, oneOf('auto', 'none')),
    default: 'none',
    doc: "The bridge's IPv4 address; `auto`, which new networks get, picks a free private /24 once.",
    live: true,
  },
  'ipv4.dhcp': { type: bool, default: 'true', doc: 'Give out IPv4 addresses by DHCP.', live: true },
  'ipv4.dhcp.expiry': { type: expiry, default: '1h', doc: 'Lease time.', live: true },
  'ipv4.dhcp.gateway': { type: ipv4Address, doc: "Gateway told to instances. Unset: the bridge's address.", live: true },
  'ipv4.dhcp.ranges': { type: ranges, doc: 'Addresses given out. Unset: all of the subnet.', live: true },
  'ipv4.firewall': {
    type: bool,
    default: 'true',
    doc: 'Accept DHCP, DNS and forwarded traffic of the bridge in the firewall.',
    live: true,
  },
  'ipv4.nat': {
    type: bool,
    default: 'false',
    doc: 'Masquerade traffic that leaves the subnet. New networks with an automatic address have it on.',
    live: true,
  },
  'ipv4.routing': { type: bool, default: 'true', doc: 'Route traffic in and out of the bridge.', live: true },
  'ipv6.address': {
    type: anyOf(hostCidr6, oneOf('auto', 'none')),
    default: 'none',
    doc: "The bridge's IPv6 address, a /64 unless `ipv6.dhcp.stateful` is on; `auto` picks a random private /64 once. New networks have `none`.",
    live: true,
  },
  'ipv6.dhcp': {
    type: bool,
    default: 'true',
    doc: 'Give out more than the prefix by DHCPv6: DNS servers, and addresses if it is stateful.',
    live: true,
  },
  'ipv6.dhcp.expiry': { type: expiry, default: '1h', doc: 'Lease time of IPv6 addresses.', live: true },
  'ipv6.dhcp.ranges': { type: ranges6, doc: 'IPv6 addresses given out, where DHCPv6 is stateful. Unset: all of the subnet.', live: true },
  'ipv6.dhcp.stateful': {
    type: bool,
    default: 'false',
    doc: 'Give out IPv6 addresses by DHCPv6, in place of those that instances make up of the prefix.',
    live: true,
  },
  'ipv6.firewall': {
    type: bool,
    default: 'true',
    doc: 'Accept DHCPv6, DNS and forwarded IPv6 traffic of the bridge in the firewall.',
    live: true,
  },
  'ipv6.nat': {
    type: bool,
    default: 'false',
    doc: 'Masquerade IPv6 traffic that leaves the subnet. An automatic address has it on.',
    live: true,
  },
  'ipv6.routing': {
    type: bool,
    default: 'true',
    doc: 'Route IPv6 traffic in and out of the bridge. The host forwards IPv6 from then on, on all interfaces, as the kernel has it.',
    live: true,
  },
  'user.*': { type: text, doc: 'Free for users; can be searched.', live: true },
  'volatile.bridge.hwaddr': { type: unicastMac, doc: 'MAC address the server made up for the bridge.', live: false },
});

/** The keys of a managed network, by its type. */
export const networkKeys = { bridge: bridgeKeys } as const satisfies Record<string, KeyCatalogue>;

export type NetworkType = keyof typeof networkKeys;
export type BridgeKey = keyof (typeof bridgeKeys)['rows'];

/** Options of LXD's bridges that this version refuses because nothing would act on them. */
const unsupported = [
  'bgp.',
  'bridge.external_interfaces',
  'bridge.mode',
  'dns.zone.',
  'fan.',
  'ipv4.nat.',
  'ipv4.ovn.',
  'ipv4.routes',
  'ipv6.nat.',
  'ipv6.ovn.',
  'ipv6.routes',
  'maas.',
  'raw.dnsmasq',
  'security.acls',
  'tunnel.',
];

export function isNetworkType(type: string): type is NetworkType {
  return Object.hasOwn(networkKeys, type);
}

/** Every problem of a network's config: unknown options, malformed values, and values that do not fit each other. */
export function networkConfigProblems(name: string, type: NetworkType, config: StringMap): string[] {
  const catalogue: KeyCatalogue = networkKeys[type];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    const row = keyRow(catalogue, key);
    if (!isKeyText(key)) {
      problems.push(`Invalid option for network "${name}" option ${JSON.stringify(key)}: it holds control characters`);
    } else if (row === null && unsupported.some((prefix) => key.startsWith(prefix))) {
      problems.push(`Option for network "${name}" not supported by this server: "${key}"`);
    } else if (row === null) {
      problems.push(`Invalid option for network "${name}" option "${key}"`);
    } else if (value !== '' && !row.type.accepts(value)) {
      problems.push(`Invalid value for network "${name}" option "${key}": it must be ${row.type.name}`);
    }
  }
  return problems.length > 0 ? problems : [...subnetProblems(name, config), ...subnet6Problems(name, config)];
}

function subnetProblems(name: string, config: StringMap): string[] {
  const subnet = parseCidr4(config['ipv4.address'] ?? '');
  if (!subnet) return [];
  const { first, last } = boundsOf(subnet);
  const inside = (range: { first: number; last: number } | null) => range !== null && range.first > first && range.last < last;
  const problems: string[] = [];
  for (const range of (config['ipv4.dhcp.ranges'] ?? '').split(',').filter(Boolean)) {
    if (!inside(parseRange4(range)))
      problems.push(`Invalid value for network "${name}" option "ipv4.dhcp.ranges": ${range.trim()} is not in the subnet`);
  }
  const gateway = config['ipv4.dhcp.gateway'];
  if (gateway && !inside(parseRange4(gateway)))
    problems.push(`Invalid value for network "${name}" option "ipv4.dhcp.gateway": ${gateway} is not in the subnet`);
  return problems;
}

function subnet6Problems(name: string, config: StringMap): string[] {
  const subnet = parseCidr6(config['ipv6.address'] ?? '');
  if (!subnet) return [];
  const stateful = isTrue(config['ipv6.dhcp.stateful']) && isTrue(config['ipv6.dhcp'], true);
  const { first, last } = bounds6(subnet);
  const problems: string[] = [];
  // What an instance makes up of a prefix is 64 bits long (RFC 4862).
  if (!stateful && subnet.prefix !== 64)
    problems.push(`Invalid value for network "${name}" option "ipv6.address": without "ipv6.dhcp.stateful" it must be a /64`);
  for (const range of (config['ipv6.dhcp.ranges'] ?? '').split(',').filter(Boolean)) {
    const parsed = parseRange6(range);
    if (!parsed || parsed.first <= first || parsed.last > last)
      problems.push(`Invalid value for network "${name}" option "ipv6.dhcp.ranges": ${range.trim()} is not in the subnet`);
  }
  return problems;
}
