import type { StringMap } from '#lib/base';
import type { NetworkRow } from '#lib/store';
import type { HostEntry } from './drivers/bridge/host-entries.ts';
import type { DnsmasqLease } from './drivers/bridge/leases.ts';
import type { Attachment } from './networks.ts';

/** A nic on its way to a network. */
export interface Plug extends HostEntry {
  instanceId: string;
  device: string;
}

/**
 * One type of managed network. Every call but `complete` is idempotent: it makes the host as the row says, whatever an
 * earlier daemon left. A row is one whose config passed `networkConfigProblems`.
 */
export interface NetworkDriver {
  /** The config with what the server chooses filled in: `auto` addresses, MAC addresses, defaults that LXD writes down. */
  complete(name: string, config: StringMap, others: readonly NetworkRow[]): Promise<StringMap>;
  /** Brings the network up or changes it to what the row says. On failure nothing new is left. */
  up(row: NetworkRow): Promise<void>;
  /** Takes down what is ours; leases and other files stay. */
  down(row: NetworkRow): Promise<void>;
  /** Removes the files. */
  forget(row: NetworkRow): Promise<void>;
  attach(row: NetworkRow, plug: Plug): Promise<Attachment>;
  detach(row: NetworkRow, plug: { instanceId: string; device: string }): Promise<void>;
  /** Leases in force. */
  leases(row: NetworkRow): Promise<DnsmasqLease[]>;
  /** Now and then: frees leases whose holders are gone, and keeps logs short. */
  tidy(row: NetworkRow, leases: readonly DnsmasqLease[]): Promise<void>;
  /** The gateway's address, null where there is none. */
  gateway(row: NetworkRow): string | null;
  /** At a plain end of the daemon: lets go of what runs on. */
  close(): void;
}
