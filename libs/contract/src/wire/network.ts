import type { StringMap } from '#lib/base';
import type { WireAddress } from './instance.ts';

/** Body of PUT and PATCH on a network. */
export interface WireNetworkPut {
  description?: string;
  config?: StringMap;
}

/** Body of `POST /1.0/networks`. */
export interface WireNetworksPost extends WireNetworkPut {
  name: string;
  /** Empty: bridge. */
  type?: string;
}

/** A network as clients see it: a managed one, or a link of the host. */
export interface WireNetwork {
  name: string;
  description: string;
  type: string;
  managed: boolean;
  config: StringMap;
  /** 'Created', 'Unavailable'; empty when unmanaged. */
  status: string;
  locations: string[];
  /** URLs of instances and profiles. */
  used_by: string[];
}

export interface WireNetworkLease {
  hostname: string;
  hwaddr: string;
  address: string;
  type: 'static' | 'dynamic' | 'gateway';
  location: string;
}

export interface WireNetworkState {
  addresses: WireAddress[];
  counters: { bytes_received: number; bytes_sent: number; packets_received: number; packets_sent: number };
  hwaddr: string;
  mtu: number;
  state: 'up' | 'down';
  type: string;
  bond: null;
  bridge: WireNetworkStateBridge | null;
  vlan: null;
  ovn: null;
}

export interface WireNetworkStateBridge {
  id: string;
  stp: boolean;
  /** Hundredths of a second, as the kernel has it. */
  forward_delay: number;
  vlan_default: number;
  vlan_filtering: boolean;
  /** Links attached to the bridge. */
  upper_devices: string[];
}
