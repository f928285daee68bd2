import type { StringMap } from '#lib/base';
import type { LinkInfo } from '#lib/host';
import type { NetworkRow } from '#lib/store';
import type { Attachment, Plug } from './networks.ts';

/** An address that a network gave out. */
export interface DynamicLease {
  /** Milliseconds since the epoch; Infinity for one without end. */
  expiresAt: number;
  mac: string;
  address: string;
  /** null where no name is known. */
  hostname: string | null;
}

/**
 * One type of managed network. Every call but `complete` is idempotent: it makes the host as the row says, whatever an
 * earlier daemon left. A row is one whose config passed `networkConfigProblems`.
 */
export interface NetworkDriver {
  /** The config with what the server chooses filled in: `auto` addresses, MAC addresses, defaults that LXD writes down. */
  complete(name: string, config: StringMap, others: readonly NetworkRow[]): Promise<StringMap>;
  /**
   * Brings the network up or changes it to what the row says. On failure nothing new is left. `anew`: it knows no cards,
   * and none is plugged in to it.
   */
  up(row: NetworkRow): Promise<{ anew: boolean }>;
  /** Whether what `up` made is gone from the host, as its links are now. */
  isGone(row: NetworkRow, links: readonly LinkInfo[]): boolean;
  /** Takes down what is ours; leases and other files stay. */
  down(row: NetworkRow): Promise<void>;
  /** Removes the files. */
  forget(row: NetworkRow): Promise<void>;
  /** Why a card cannot have this address on the network, by its config alone. */
  addressProblems(row: NetworkRow, address: string): string[];
  attach(row: NetworkRow, plug: Plug): Promise<Attachment>;
  detach(row: NetworkRow, plug: { instanceId: string; device: string }): Promise<void>;
  /** Detaches all cards of an instance. */
  sweep(row: NetworkRow, instanceId: string): Promise<void>;
  /** Leases in force. */
  leases(row: NetworkRow): Promise<DynamicLease[]>;
  /** Now and then: frees leases whose holders are gone, as `leases` gave them, and keeps logs short. */
  tidy(row: NetworkRow, leases: readonly DynamicLease[]): Promise<void>;
  /** IPv6 addresses that were given out, of those whose MAC address is known. */
  leases6(row: NetworkRow): Promise<DynamicLease[]>;
  /** The IPv6 address that a card with this MAC address makes up for itself; null where it does not. */
  madeUp6(row: NetworkRow, mac: string): string | null;
  /** The network's own addresses. */
  gateways(row: NetworkRow): string[];
  /** At a plain end of the daemon: lets go of what runs on. */
  close(): void;
}
