/** A link of a launch plan: what it is inside, and what its kind needs. One file a kind in native/src/keeper/links/. */
export type LinkPlan = LinkEnd & LinkKind;

export interface LinkEnd {
  /** The name inside, e.g. eth0. The keeper sets the link up. */
  name: string;
  /** null: the kernel's choice, or the one it has. */
  mac: string | null;
  mtu: number | null;
}

/** A cable between the host and the instance. */
export interface VethLink {
  kind: 'veth';
  /** The host's end. */
  hostName: string;
  hostMac: string | null;
  /** Bridge that the host's end hangs on, or null. */
  bridge: string | null;
}

/** A second address of a link of the host; macvlans of one parent reach each other, the host does not reach them. */
export interface MacvlanLink {
  kind: 'macvlan';
  parent: string;
}

/** A link of the host itself, lent to the instance: it comes back, with its name, its address and its MTU, at the end. */
export interface PhysicalLink {
  kind: 'physical';
  parent: string;
}

/** Shares the MAC address of a link of the host. */
export interface IpvlanLink {
  kind: 'ipvlan';
  parent: string;
  mode: 'l2' | 'l3' | 'l3s';
}

/** The 802.1Q network `id` (1 to 4094) of a link of the host. */
export interface VlanLink {
  kind: 'vlan';
  parent: string;
  id: number;
}

/** A cable to the host, which routes to what is behind it. */
export interface RoutedLink {
  kind: 'routed';
  /** The host's end. */
  hostName: string;
  /** Link of the host that answers for the addresses, or null. */
  parent: string | null;
  /** At most one a family of addresses. */
  families: RoutedFamily[];
}

export interface RoutedFamily {
  /** Of the host's end. */
  hostAddress: string;
  /** Whether it is the instance's default gateway. */
  gateway: boolean;
  /** Routing table that gets the routes too, beside the main one. */
  hostTable: number | null;
  /** Of the instance; at least one. */
  addresses: string[];
  /** Networks behind the first address, as CIDR. */
  routes: string[];
}

/** What is left of a link's plan when what it is inside is said elsewhere. */
export type LinkKind = VethLink | MacvlanLink | PhysicalLink | IpvlanLink | VlanLink | RoutedLink;
