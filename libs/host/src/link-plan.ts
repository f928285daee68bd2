/** A link of a launch plan: what it is inside, and what its kind needs. One file a kind in native/src/keeper/links/. */
export type LinkPlan = LinkEnd & LinkKind;

export interface LinkEnd {
  /** The name inside, e.g. eth0. The keeper sets the link up. */
  name: string;
  /** null: the kernel's choice, or the one it has. */
  mac: string | null;
  mtu: number | null;
}

/** How much may go over a cable, in bits a second; null: as much as can. A type, for it is kept as JSON. */
export type LinkLimits = {
  /** To the instance. */
  in: number | null;
  /** From it. */
  out: number | null;
};

/** What has an end on the host. */
interface Cable {
  /** The host's end. */
  hostName: string;
  /** What the instance is kept to on the host, where it cannot change it. */
  limits?: LinkLimits;
}

/** A cable between the host and the instance. */
export interface VethLink extends Cable {
  kind: 'veth';
  hostMac: string | null;
  /** Bridge that the host's end hangs on, or null. */
  bridge: string | null;
  /** Whether it reaches no other isolated link of the bridge. */
  isolated?: boolean;
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
export interface RoutedLink extends Cable {
  kind: 'routed';
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
