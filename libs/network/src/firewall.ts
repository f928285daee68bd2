import { createHash } from 'node:crypto';
import { LxError } from '#lib/contract';
import { programOutput } from '#lib/host';

/** What a network asks of the host's packet filter. */
export interface FirewallRules {
  /** CIDR whose traffic to elsewhere is masqueraded; null: none. */
  masquerade: string | null;
  /** Forwarded traffic in and out of the bridge: let through, refused, or left to the host's own rules. */
  forward: 'accept' | 'drop' | 'leave';
  /** Accept DHCP and DNS from the bridge. */
  services: boolean;
}

/** The host's packet filter. Each call is one transaction; calls for one network replace its rules and touch no others. */
export interface Firewall {
  /** LxError 'firewall.failed'. */
  apply(network: string, rules: FirewallRules): Promise<void>;
  /** Removes the network's chains, and the table with the last of them. */
  remove(network: string): Promise<void>;
  /**
   * What comes over the cable of a routed card from an address that does not lead back there is dropped from now on, for as
   * long as the host is up. Asks nft once. LxError 'firewall.failed'.
   */
  guardRouted(): Promise<void>;
  /** At the end of all instances: takes that back. */
  unguardRouted(): Promise<void>;
}

/** Cables of routed cards are links of this group: native/src/keeper/links/routed.cc puts them into it. */
const routedGroup = 27768;

/** nft(8) and the table `inet lxctl`, which all daemons of a host share: chains carry their network's name. */
export class NftFirewall implements Firewall {
  readonly #nft: string;
  /** The chain for routed cards, one a daemon, so that each can take away its own. */
  readonly #guard: string;
  #guarded: Promise<unknown> | null = null;

  /** `stateDir`: $LXCTL_DIR. */
  constructor(stateDir: string, nft = 'nft') {
    this.#nft = nft;
    this.#guard = `routed.${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
  }

  async apply(network: string, rules: FirewallRules): Promise<void> {
    await this.#run(['-f', '-'], rulesBatch(network, rules));
  }

  async guardRouted(): Promise<void> {
    this.#guarded ??= this.#run(['-f', '-'], guardBatch(this.#guard)).catch((error: unknown) => {
      this.#guarded = null;
      throw error;
    });
    await this.#guarded;
  }

  async unguardRouted(): Promise<void> {
    this.#guarded = null;
    await this.#run(['-f', '-'], lines(...deletionOf(this.#guard)));
    await this.#dropEmptyTable();
  }

  async remove(network: string): Promise<void> {
    await this.#run(['-f', '-'], removalBatch(network));
    await this.#dropEmptyTable();
  }

  async #dropEmptyTable(): Promise<void> {
    const listing = JSON.parse(await this.#run(['-j', 'list', 'table', 'inet', table], '')) as { nftables?: object[] };
    const chains = listing.nftables?.filter((item) => 'chain' in item);
    if (chains?.length === 0) await this.#run(['delete', 'table', 'inet', table], '');
  }

  async #run(args: string[], input: string): Promise<string> {
    try {
      return await programOutput(this.#nft, args, outputLimit, { input, timeoutMs: 10_000, tellingLine: 'first' });
    } catch (error) {
      throw new LxError('firewall.failed', { reason: (error as Error).message }, { cause: error });
    }
  }
}

/** A listing is some kilobytes a network. Bytes. */
const outputLimit = 16 * 1024 * 1024;
const table = 'lxctl';
/** Chain prefixes with the hook each stands at. */
const chains = {
  fwd: 'type filter hook forward priority filter; policy accept;',
  in: 'type filter hook input priority filter; policy accept;',
  out: 'type filter hook output priority filter; policy accept;',
  pstrt: 'type nat hook postrouting priority srcnat; policy accept;',
} as const;

/** nft reads and applies a file as one transaction: rules are replaced without a gap. */
export function rulesBatch(network: string, rules: FirewallRules): string {
  const batch = [`add table inet ${table}`];
  for (const [prefix, hook] of Object.entries(chains)) {
    batch.push(`add chain inet ${table} ${prefix}.${network} { ${hook} }`, `flush chain inet ${table} ${prefix}.${network}`);
  }
  const rule = (chain: keyof typeof chains, text: string) => batch.push(`add rule inet ${table} ${chain}.${network} ${text}`);
  if (rules.services) {
    rule('in', `iifname "${network}" meta l4proto { tcp, udp } th dport 53 accept`);
    rule('in', `iifname "${network}" udp dport 67 accept`);
    rule('out', `oifname "${network}" meta l4proto { tcp, udp } th sport 53 accept`);
    rule('out', `oifname "${network}" udp sport 67 accept`);
  }
  if (rules.forward !== 'leave') {
    rule('fwd', `iifname "${network}" oifname "${network}" accept`);
    rule('fwd', `meta nfproto ipv4 iifname "${network}" ${rules.forward}`);
    rule('fwd', `meta nfproto ipv4 oifname "${network}" ${rules.forward}`);
  }
  if (rules.masquerade) rule('pstrt', `ip saddr ${rules.masquerade} ip daddr != ${rules.masquerade} masquerade`);
  return lines(...batch);
}

/** Drops what a routed card sends from an address of somebody else: the kernel's rp_filter knows IPv4 alone. */
export function guardBatch(chain: string): string {
  return lines(
    `add table inet ${table}`,
    `add chain inet ${table} ${chain} { type filter hook prerouting priority raw; policy accept; }`,
    `flush chain inet ${table} ${chain}`,
    `add rule inet ${table} ${chain} iifgroup ${routedGroup} fib saddr . iif oif missing drop`,
  );
}

export function removalBatch(network: string): string {
  return lines(...Object.keys(chains).flatMap((prefix) => deletionOf(`${prefix}.${network}`)));
}

/** Adding first makes the deletion of what is not there no error. */
function deletionOf(chain: string): string[] {
  const path = `inet ${table} ${chain}`;
  return [`add table inet ${table}`, `add chain ${path}`, `flush chain ${path}`, `delete chain ${path}`];
}

function lines(...text: string[]): string {
  return `${text.join('\n')}\n`;
}
