import type { WireNetwork, WireNetworkLease } from '#lib/contract';
import type { Lease, NetworkView } from '#lib/network';

export function presentNetwork(network: NetworkView, users: ReadonlyMap<string, string[]>): WireNetwork {
  const { name, description, type, managed, config, status } = network;
  return { name, description, type, managed, config, status, locations: managed ? ['none'] : [], used_by: users.get(name) ?? [] };
}

export function presentLease(lease: Lease): WireNetworkLease {
  return { ...lease, location: 'none' };
}

/** What a network's ETag covers. */
export function networkTuple({ name, managed, type, description, config }: NetworkView): unknown[] {
  return [name, managed, type, description, config];
}
