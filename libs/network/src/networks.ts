import type { StringMap } from '#lib/base';
import type { LinkKind } from '#lib/host';
import type { NetworkRow } from '#lib/store';

export interface Lease {
  hostname: string;
  hwaddr: string;
  address: string;
  type: 'static' | 'dynamic' | 'gateway';
}

/** A network's part of the plan of a link that is on it; of a cable only where its end on the host goes. */
export interface Attachment {
  link: { kind: 'veth'; bridge: string } | Exclude<LinkKind, { kind: 'veth' }>;
  mtu: number | null;
}

/** A network card on its way to a network. */
export interface Plug {
  instanceId: string;
  device: string;
  mac: string;
  ipv4: string | null;
  hostname: string;
}

/** Managed networks, and the view on unmanaged links. */
export interface Networks {
  /**
   * At start of the daemon: brings every managed network up as its row says (bridge, address, forwarding, firewall,
   * dnsmasq), adopting what an earlier daemon left running. A network that fails is marked unavailable with a warning in
   * the log, and never stops the daemon.
   */
  prepare(): Promise<void>;
  /** Managed ones, and the host's other links as unmanaged. */
  list(project: string): Promise<NetworkView[]>;
  /** LxError 'network.not_found'. */
  get(project: string, name: string): Promise<NetworkView>;
  create(project: string, request: { name: string; type: string; description: string; config: StringMap }): Promise<NetworkRow>;
  /** `change` sees the network as it is while nobody else can change it. LxError 'network.not_found' for one of the host. */
  update(project: string, name: string, change: (before: NetworkView) => NetworkChange): Promise<void>;
  rename(project: string, name: string, newName: string): Promise<void>;
  /** LxError 'network.in_use' while profiles or instances name it. */
  delete(project: string, name: string): Promise<void>;
  state(project: string, name: string): Promise<unknown>;
  leases(project: string, name: string): Promise<Lease[]>;

  /** A name `lxctlbr<n>` and the default config for a first network, free on this host. */
  proposeDefault(): Promise<{ name: string; config: StringMap }>;
  /** Whether the host has a link of this name. */
  hasLink(name: string): Promise<boolean>;
  /** Whether a setting of the host's kernel below net/ is on; `path` with slashes, for names of links hold dots. */
  isOn(path: string): Promise<boolean>;
  /** Why a card cannot be on the network with this address: none such, not in its subnet, in use. */
  nicProblems(project: string, network: string, nic: { ipv4: string | null; mac: string }): Promise<string[]>;
  /**
   * On the way to a running instance: makes the name and the address known to DHCP and DNS. One small file, no
   * subprocess. Rejects with LxError 'network.unavailable' when the network is not up.
   */
  attach(request: Plug & { project: string; network: string }): Promise<Attachment>;
  detach(request: { project: string; network: string; instanceId: string; device: string }): Promise<void>;
  /** Frees the addresses that these MAC addresses have been given: of an instance that is deleted, for the next one at once. */
  release(macs: ReadonlySet<string>): Promise<void>;
  /** Forgets all cards of an instance, in every network that is up: of one whose attaching was cut off. */
  sweep(instanceId: string): Promise<void>;
  /** At shutdown with `stopAll`: takes bridges, rules and dnsmasq down. A plain daemon stop leaves them. */
  tearDown(): Promise<void>;
}

export interface NetworkChange {
  description: string;
  config: StringMap;
}

export interface NetworkView {
  name: string;
  managed: boolean;
  type: string;
  description: string;
  config: StringMap;
  status: string;
}
