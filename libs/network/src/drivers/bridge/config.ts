import { join } from 'node:path';
import type { NetworkRow } from '#lib/store';
import { type BridgeKey, boundsOf, type Cidr4, configValue, isTrue, bridgeKeys, parseCidr4, parseRange4 } from '#lib/contract';
import type { FirewallRules } from '../../firewall.ts';
import { formatCidr4 } from '#lib/contract';

/** A bridge network's config, read once. */
export interface Bridge {
  name: string;
  mac: string;
  mtu: number;
  ipv4: Cidr4 | null;
  routing: boolean;
  dhcp: { ranges: { first: number; last: number }[]; expiry: string; gateway: string | null } | null;
  dns: { mode: 'managed' | 'dynamic' | 'none'; domain: string; search: string[] };
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
  const accepts = isTrue(value('ipv4.firewall'));
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
    firewall: {
      masquerade: ipv4 && isTrue(value('ipv4.nat')) ? formatCidr4({ address: boundsOf(ipv4).first, prefix: ipv4.prefix }) : null,
      forward: !accepts ? 'leave' : routing ? 'accept' : 'drop',
      services: accepts && ipv4 !== null,
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
