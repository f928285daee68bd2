import { createHash } from 'node:crypto';
import { type CardFilter, filterBatch, filterRemoval } from './card-filter.ts';
import { nft, transaction } from './nft.ts';

/** A device that rules of the packet filter are for. */
export interface RuleKey {
  instanceId: string;
  device: string;
}

/** What devices ask of the host's packet filter. Every call is one transaction, idempotent; LxError 'firewall.failed'. */
export interface DeviceRules {
  /**
   * What comes over the cable of a routed card from an address that does not lead back there is dropped from now on, for as
   * long as the host is up. Asks nft once.
   */
  guardRouted(): Promise<void>;
  /** Keeps what arrives from a card, by the name of its end on the host, to what it may send; in place of what was said before. */
  filter(key: RuleKey, hostName: string, filter: CardFilter): Promise<void>;
  /** Takes that back. */
  unfilter(key: RuleKey, hostName: string): Promise<void>;
  /** Takes back all that there is for an instance: of one whose attaching was cut off. */
  sweep(instanceId: string): Promise<void>;
  /** When no instance runs any more: takes everything back. */
  clear(): Promise<void>;
}

/** Cables of routed cards are links of this group: native/src/keeper/links/routed.cc puts them into it. */
const routedGroup = 27768;

/**
 * nft(8), in a table of each family of the daemon's own: `lxctl.` and a hash of its state directory, so that it can take away all
 * that is its own and nothing else.
 */
export class NftDeviceRules implements DeviceRules {
  readonly #nft: string;
  readonly #table: string;
  #guarded: Promise<unknown> | null = null;

  /** `stateDir`: $LXCTL_DIR. */
  constructor(stateDir: string, program = 'nft') {
    this.#nft = program;
    this.#table = `lxctl.${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
  }

  async guardRouted(): Promise<void> {
    this.#guarded ??= transaction(this.#nft, guardBatch(this.#table)).catch((error: unknown) => {
      this.#guarded = null;
      throw error;
    });
    await this.#guarded;
  }

  async filter(key: RuleKey, hostName: string, filter: CardFilter): Promise<void> {
    await transaction(this.#nft, filterBatch(this.#table, chainOf(key), hostName, filter));
  }

  async unfilter(key: RuleKey, hostName: string): Promise<void> {
    await transaction(this.#nft, filterRemoval(this.#table, chainOf(key), hostName));
  }

  async sweep(instanceId: string): Promise<void> {
    const cards = await this.#cards();
    const lines = cards
      .filter(({ chain }) => chain.startsWith(prefixOf(instanceId)))
      .flatMap(({ chain, hostName }) => filterRemoval(this.#table, chain, hostName));
    if (lines.length > 0) await transaction(this.#nft, lines);
  }

  async clear(): Promise<void> {
    this.#guarded = null;
    const lines = ['inet', 'bridge'].flatMap((family) => [`add table ${family} ${this.#table}`, `delete table ${family} ${this.#table}`]);
    await transaction(this.#nft, lines);
  }

  /** Cards with filters; [] where there never was one. */
  async #cards(): Promise<{ hostName: string; chain: string }[]> {
    // Asked for by itself: a listing of all tables would have those that nft cannot read.
    await transaction(this.#nft, [`add table bridge ${this.#table}`, `add map bridge ${this.#table} cards { type ifname : verdict; }`]);
    const listing = JSON.parse(await nft(this.#nft, ['-j', 'list', 'map', 'bridge', this.#table, 'cards'])) as Listing;
    const elements = listing.nftables.flatMap((item) => item.map?.elem ?? []);
    return elements.map(([hostName, { jump }]) => ({ hostName, chain: jump.target }));
  }
}

interface Listing {
  nftables: { map?: { elem?: [hostName: string, verdict: { jump: { target: string } }][] } }[];
}

/** Drops what a routed card sends from an address of somebody else: the kernel's rp_filter knows IPv4 alone. */
export function guardBatch(table: string): string[] {
  return [
    `add table inet ${table}`,
    `add chain inet ${table} routed { type filter hook prerouting priority raw; policy accept; }`,
    `flush chain inet ${table} routed`,
    `add rule inet ${table} routed iifgroup ${routedGroup} fib saddr . iif oif missing drop`,
  ];
}

function prefixOf(instanceId: string): string {
  return `card.${instanceId}.`;
}

/** Names of chains hold letters, digits, dots and dashes. */
function chainOf({ instanceId, device }: RuleKey): string {
  return `${prefixOf(instanceId)}${Buffer.from(device).toString('hex')}`;
}
