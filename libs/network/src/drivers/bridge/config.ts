import { join } from 'node:path';
import type { NetworkRow } from '#lib/store';
import {
  type BridgeKey,
  bounds6,
  boundsOf,
  bridgeKeys,
  type Cidr4,
  type Cidr6,
  configValue,
  formatCidr4,
  formatCidr6,
  isTrue,
  parseCidr4,
  parseCidr6,
  parseRange4,
  parseRange6,
} from '#lib/contract';
import type { FamilyRules, FirewallRules } from '../../firewall.ts';

/** A bridge network's config, read once. */
export interface Bridge {
  name: string;
  mac: string;
  mtu: number;
  ipv4: Cidr4 | null;
  routing: boolean;
  dhcp: { ranges: { first: number; last: number }[]; expiry: string; gateway: string | null } | null;
  dns: { mode: 'managed' | 'dynamic' | 'none'; domain: string; search: string[] };
  ipv6: Cidr6 | null;
  routing6: boolean;
  /** What instances are told of their IPv6 addresses; null: there are none. */
  dhcp6: { mode: 'advertised' | 'stateless' | 'stateful'; ranges: { first: bigint; last: bigint }[]; expiry: string } | null;
  firewall: FirewallRules;
  /** $LXCTL_DIR/networks/<name>. */
  directory: string;
}

/** Of a row whose config passed `networkConfigProblems` and was completed. */
export function parseBridge(row: NetworkRow, networksDir: string): Bridge {
  const value = (key: BridgeKey) => configValue(bridgeKeys, row.config, key) ?? '';
  const list = (key: BridgeKey) =>
    value(key)
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  const ipv4 = parseCidr4(value('ipv4.address'));
  const routing = isTrue(value('ipv4.routing'));
  const ipv6 = parseCidr6(value('ipv6.address'));
  const routing6 = isTrue(value('ipv6.routing'));
  const mode = !isTrue(value('ipv6.dhcp')) ? 'advertised' : isTrue(value('ipv6.dhcp.stateful')) ? 'stateful' : 'stateless';
  return {
    name: row.name,
    mac: (value('bridge.hwaddr') || value('volatile.bridge.hwaddr')).toLowerCase(),
    mtu: Number(value('bridge.mtu')),
    ipv4,
    routing,
    dhcp:
      ipv4 && isTrue(value('ipv4.dhcp'))
        ? {
            ranges: dhcpRanges(ipv4, list('ipv4.dhcp.ranges')),
            expiry: value('ipv4.dhcp.expiry'),
            gateway: value('ipv4.dhcp.gateway') || null,
          }
        : null,
    dns: { mode: value('dns.mode') as Bridge['dns']['mode'], domain: value('dns.domain'), search: list('dns.search') },
    ipv6,
    routing6,
    dhcp6: ipv6 && { mode, ranges: dhcp6Ranges(ipv6, list('ipv6.dhcp.ranges')), expiry: value('ipv6.dhcp.expiry') },
    firewall: {
      ipv4: {
        masquerade: ipv4 && isTrue(value('ipv4.nat')) ? formatCidr4({ address: boundsOf(ipv4).first, prefix: ipv4.prefix }) : null,
        ...familyRules(isTrue(value('ipv4.firewall')), routing, ipv4 !== null),
      },
      ipv6: {
        masquerade: ipv6 && isTrue(value('ipv6.nat')) ? formatCidr6({ address: bounds6(ipv6).first, prefix: ipv6.prefix }) : null,
        // Without an address the host routes nothing of it.
        ...familyRules(ipv6 !== null && isTrue(value('ipv6.firewall')), routing6, ipv6 !== null),
      },
    },
    directory: join(networksDir, row.name),
  };
}

/** All of the subnet but its first and last address; the bridge's own is kept out by dnsmasq itself. */
function dhcpRanges(subnet: Cidr4, given: readonly string[]): { first: number; last: number }[] {
  const ranges = given.flatMap((text) => parseRange4(text) ?? []);
  if (ranges.length > 0) return ranges;
  const { first, last } = boundsOf(subnet);
  return [{ first: subnet.address === first + 1 ? first + 2 : first + 1, last: last - 1 }];
}

function familyRules(accepts: boolean, routing: boolean, addressed: boolean): Pick<FamilyRules, 'forward' | 'services'> {
  return { forward: !accepts ? 'leave' : routing ? 'accept' : 'drop', services: accepts && addressed };
}

/** All of the subnet behind the bridge's own address. */
function dhcp6Ranges(subnet: Cidr6, given: readonly string[]): { first: bigint; last: bigint }[] {
  const ranges = given.flatMap((text) => parseRange6(text) ?? []);
  if (ranges.length > 0) return ranges;
  const { first, last } = bounds6(subnet);
  return [{ first: subnet.address === first + 1n ? first + 2n : first + 1n, last }];
}
