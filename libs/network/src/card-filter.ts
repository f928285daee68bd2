import { formatIpv6, linkLocal6, parseIpv6 } from '#lib/contract';

/**
 * What a card on a bridge may send: frames from its own MAC address, and packets from its own addresses. A type, for it is kept
 * as JSON.
 */
export type CardFilter = {
  mac: string;
  /** null: any; none: no IPv4 at all. */
  ipv4: string[] | null;
  ipv6: string[] | null;
};

/** Rules of one card in a chain of its own, which frames that arrive by its end on the host are led to. */
export function filterBatch(table: string, chain: string, hostName: string, filter: CardFilter): string[] {
  const rules = [
    ...macRules(filter),
    ...(filter.ipv4 ? ipv4Rules(filter.ipv4) : []),
    ...(filter.ipv6 ? ipv6Rules(filter.mac, filter.ipv6) : []),
  ];
  return [
    ...frame(table, chain),
    `add chain bridge ${table} cards { type filter hook prerouting priority filter; policy accept; }`,
    `flush chain bridge ${table} cards`,
    `add rule bridge ${table} cards iifname vmap @cards`,
    `flush chain bridge ${table} ${chain}`,
    ...rules.map((rule) => `add rule bridge ${table} ${chain} ${rule}`),
    `add element bridge ${table} cards { "${hostName}" : jump ${chain} }`,
  ];
}

/** Adding first makes the deletion of what is not there no error. */
export function filterRemoval(table: string, chain: string, hostName: string): string[] {
  return [
    ...frame(table, chain),
    `add element bridge ${table} cards { "${hostName}" : jump ${chain} }`,
    `delete element bridge ${table} cards { "${hostName}" : jump ${chain} }`,
    `flush chain bridge ${table} ${chain}`,
    `delete chain bridge ${table} ${chain}`,
  ];
}

function frame(table: string, chain: string): string[] {
  return [`add table bridge ${table}`, `add map bridge ${table} cards { type ifname : verdict; }`, `add chain bridge ${table} ${chain}`];
}

/** Neither as the sender of frames, nor in what it says of itself by ARP or as a neighbour (RFC 4861, the option that stands first). */
function macRules({ mac, ipv4, ipv6 }: CardFilter): string[] {
  return [
    `ether saddr != ${mac} drop`,
    `arp saddr ether != ${mac} drop`,
    `icmpv6 type nd-neighbor-advert @th,208,48 != 0x${mac.replaceAll(':', '')} drop`,
    // Else an address could travel in what is no plain frame: one with the tag of a VLAN.
    ...(ipv4 || ipv6 ? ['ether type != { ip, ip6, arp } drop'] : []),
  ];
}

/** Before it has an address, a card asks from 0.0.0.0 (RFC 2131, RFC 5227). */
function ipv4Rules(addresses: readonly string[]): string[] {
  if (addresses.length === 0) return ['ether type { ip, arp } drop'];
  return [
    `arp saddr ip != { ${['0.0.0.0', ...addresses].join(', ')} } drop`,
    'ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp dport 67 accept',
    `ip saddr != { ${addresses.join(', ')} } drop`,
  ];
}

/**
 * Its own addresses, and that of the link which follows from its MAC address (RFC 4291). It is no router, says of no other
 * address that it has it, and before it has one asks from `::` alone.
 */
function ipv6Rules(mac: string, addresses: readonly string[]): string[] {
  if (addresses.length === 0) return ['ether type ip6 drop'];
  const own = [linkLocal6(mac), ...addresses].map((address) => parseIpv6(address) ?? 0n);
  return [
    'icmpv6 type { nd-router-advert, nd-redirect } drop',
    `icmpv6 type nd-neighbor-advert @th,64,128 != { ${own.map((address) => `0x${address.toString(16)}`).join(', ')} } drop`,
    'ip6 saddr :: icmpv6 type { nd-neighbor-solicit, mld2-listener-report } accept',
    `ip6 saddr != { ${own.map(formatIpv6).join(', ')} } drop`,
  ];
}
