import { batchText, nft } from './nft.ts';

/** What a network asks of the host's packet filter, for each family of addresses. */
export type FirewallRules = Record<'ipv4' | 'ipv6', FamilyRules>;

export interface FamilyRules {
  /** CIDR whose traffic to elsewhere is masqueraded; null: none. */
  masquerade: string | null;
  /** Forwarded traffic in and out of the bridge: let through, refused, or left to the host's own rules. */
  forward: 'accept' | 'drop' | 'leave';
  /** Accept DHCP of this family, and DNS, from the bridge. */
  services: boolean;
}

/** The host's packet filter. Each call is one transaction; calls for one network replace its rules and touch no others. */
export interface Firewall {
  /** LxError 'firewall.failed'. */
  apply(network: string, rules: FirewallRules): Promise<void>;
  /** Removes the network's chains, and the table with the last of them. */
  remove(network: string): Promise<void>;
}

/** nft(8) and the table `inet lxctl`, which all daemons of a host share: chains carry their network's name. */
export class NftFirewall implements Firewall {
  readonly #nft: string;

  constructor(program = 'nft') {
    this.#nft = program;
  }

  async apply(network: string, rules: FirewallRules): Promise<void> {
    await nft(this.#nft, ['-f', '-'], rulesBatch(network, rules));
  }

  async remove(network: string): Promise<void> {
    await nft(this.#nft, ['-f', '-'], removalBatch(network));
    const listing = JSON.parse(await nft(this.#nft, ['-j', 'list', 'table', 'inet', table])) as { nftables?: object[] };
    const chains = listing.nftables?.filter((item) => 'chain' in item);
    if (chains?.length === 0) await nft(this.#nft, ['delete', 'table', 'inet', table]);
  }
}

const table = 'lxctl';
/** Chain prefixes with the hook each stands at. */
const chains = {
  fwd: 'type filter hook forward priority filter; policy accept;',
  in: 'type filter hook input priority filter; policy accept;',
  out: 'type filter hook output priority filter; policy accept;',
  pstrt: 'type nat hook postrouting priority srcnat; policy accept;',
} as const;

export function rulesBatch(network: string, rules: FirewallRules): string {
  const lines = [`add table inet ${table}`];
  for (const [prefix, hook] of Object.entries(chains)) {
    lines.push(`add chain inet ${table} ${prefix}.${network} { ${hook} }`, `flush chain inet ${table} ${prefix}.${network}`);
  }
  const rule = (chain: keyof typeof chains, text: string) => lines.push(`add rule inet ${table} ${chain}.${network} ${text}`);
  if (rules.ipv4.services || rules.ipv6.services) {
    rule('in', `iifname "${network}" meta l4proto { tcp, udp } th dport 53 accept`);
    rule('out', `oifname "${network}" meta l4proto { tcp, udp } th sport 53 accept`);
  }
  for (const [family, port] of [
    ['ipv4', 67],
    ['ipv6', 547],
  ] as const) {
    const { services, forward, masquerade } = rules[family];
    if (services) {
      rule('in', `iifname "${network}" udp dport ${port} accept`);
      rule('out', `oifname "${network}" udp sport ${port} accept`);
    }
    if (forward !== 'leave') {
      rule('fwd', `meta nfproto ${family} iifname "${network}" oifname "${network}" accept`);
      rule('fwd', `meta nfproto ${family} iifname "${network}" ${forward}`);
      rule('fwd', `meta nfproto ${family} oifname "${network}" ${forward}`);
    }
    const ip = family === 'ipv4' ? 'ip' : 'ip6';
    if (masquerade) rule('pstrt', `${ip} saddr ${masquerade} ${ip} daddr != ${masquerade} masquerade`);
  }
  return batchText(lines);
}

/** Adding first makes the deletion of what is not there no error. */
export function removalBatch(network: string): string {
  const lines = [`add table inet ${table}`];
  for (const prefix of Object.keys(chains)) {
    const chain = `inet ${table} ${prefix}.${network}`;
    lines.push(`add chain ${chain}`, `flush chain ${chain}`, `delete chain ${chain}`);
  }
  return batchText(lines);
}
