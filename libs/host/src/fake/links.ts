import { errnoError } from '../errno.ts';
import type { AddressInfo, LinkInfo, RouteInfo } from '../native.ts';
import type { Links } from '../ports.ts';

const noCounters = { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0, rxErrors: 0, txErrors: 0, rxDropped: 0, txDropped: 0 };

/**
 * Links of a host kept in memory, with the kernel's refusals: ENODEV for an unknown link, EEXIST for a name or an
 * address taken, EADDRNOTAVAIL for an address that is not there. `calls` records what was changed, in order.
 */
export class FakeLinks implements Links {
  readonly calls: string[] = [];
  /** Routes beside those that follow from addresses. */
  readonly extraRoutes: RouteInfo[] = [];
  readonly #links = new Map<string, LinkInfo>();
  readonly #addresses: AddressInfo[] = [];
  readonly #watchers = new Set<(names: readonly string[] | null) => void>();
  #nextIndex = 1;

  constructor() {
    this.plug('lo', { hardwareType: 772, up: true, running: true, mtu: 65_536, mac: '00:00:00:00:00:00' });
    this.#addresses.push({ index: 1, family: 'inet', address: '127.0.0.1', prefix: 8, scope: 'local' });
  }

  /** Puts a link there as if the host had it: a network card, another program's bridge. */
  plug(name: string, facts: Partial<LinkInfo> = {}): LinkInfo {
    if (this.#links.has(name)) throw errnoError('EEXIST', 'RTM_NEWLINK', name);
    const index = this.#nextIndex++;
    const mac = `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
    const base = { name, kind: '', hardwareType: 1, up: false, running: false, mtu: 1500, mac, master: 0, peerIndex: 0 };
    const link: LinkInfo = { ...base, counters: { ...noCounters }, ...facts, index };
    this.#links.set(name, link);
    return link;
  }

  async list(): Promise<LinkInfo[]> {
    return structuredClone([...this.#links.values()]);
  }

  async addresses(): Promise<AddressInfo[]> {
    return structuredClone(this.#addresses);
  }

  /** Those that an address of a link that is up brings with it, and `extraRoutes`. */
  async routes(): Promise<RouteInfo[]> {
    const up = new Set([...this.#links.values()].filter((link) => link.up && link.name !== 'lo').map((link) => link.index));
    const connected = this.#addresses
      .filter(({ index }) => up.has(index))
      .map(({ index, family, address, prefix }) => ({ family, destination: networkOf(address, prefix, family), gateway: null, index }));
    return [...connected, ...structuredClone(this.extraRoutes)];
  }

  async createBridge(name: string, options: { mac?: string; mtu?: number } = {}): Promise<void> {
    this.calls.push(`create bridge ${name}`);
    this.plug(name, { kind: 'bridge', ...options });
  }

  async setLink(name: string, change: Parameters<Links['setLink']>[1]): Promise<void> {
    this.calls.push(`set ${name} ${JSON.stringify(change)}`);
    const link = this.#link(name, 'RTM_NEWLINK');
    if (change.bridge !== undefined) link.master = change.bridge === null ? 0 : this.#link(change.bridge, 'RTM_NEWLINK').index;
    if (change.up !== undefined) link.up = link.running = change.up;
    if (change.mtu !== undefined) link.mtu = change.mtu;
    if (change.mac !== undefined) link.mac = change.mac;
    if (change.rename !== undefined) this.#rename(link, change.rename);
  }

  async deleteLink(name: string): Promise<void> {
    this.calls.push(`delete ${name}`);
    const { index } = this.#link(name, 'RTM_DELLINK');
    this.#links.delete(name);
    for (const link of this.#links.values()) if (link.master === index) link.master = 0;
    this.#keepAddresses((address) => address.index !== index);
    for (const tell of this.#watchers) tell([name]);
  }

  async addAddress(link: string, cidr: string): Promise<void> {
    this.calls.push(`add ${cidr} to ${link}`);
    const { index } = this.#link(link, 'RTM_NEWADDR');
    const added = parse(cidr, 'RTM_NEWADDR');
    if (this.#find(index, added)) throw errnoError('EEXIST', 'RTM_NEWADDR', cidr);
    this.#addresses.push({ index, ...added, scope: 'global' });
  }

  async deleteAddress(link: string, cidr: string): Promise<void> {
    this.calls.push(`delete ${cidr} of ${link}`);
    const found = this.#find(this.#link(link, 'RTM_DELADDR').index, parse(cidr, 'RTM_DELADDR'));
    if (found === undefined) throw errnoError('EADDRNOTAVAIL', 'RTM_DELADDR', cidr);
    this.#keepAddresses((address) => address !== found);
  }

  watch(onDeleted: (names: readonly string[] | null) => void): () => void {
    this.#watchers.add(onDeleted);
    return () => this.#watchers.delete(onDeleted);
  }

  #link(name: string, call: string): LinkInfo {
    const link = this.#links.get(name);
    if (link === undefined) throw errnoError('ENODEV', call, name);
    return link;
  }

  #rename(link: LinkInfo, name: string): void {
    if (this.#links.has(name)) throw errnoError('EEXIST', 'RTM_NEWLINK', name);
    this.#links.delete(link.name);
    link.name = name;
    this.#links.set(name, link);
  }

  #find(index: number, wanted: { address: string; prefix: number }): AddressInfo | undefined {
    return this.#addresses.find((a) => a.index === index && a.address === wanted.address && a.prefix === wanted.prefix);
  }

  #keepAddresses(keep: (address: AddressInfo) => boolean): void {
    this.#addresses.splice(0, Infinity, ...this.#addresses.filter(keep));
  }
}

function parse(cidr: string, call: string): Pick<AddressInfo, 'family' | 'address' | 'prefix'> {
  const [address = '', length] = cidr.split('/');
  const family = address.includes(':') ? 'inet6' : 'inet';
  const prefix = length === undefined ? (family === 'inet' ? 32 : 128) : Number(length);
  if (address === '' || !Number.isInteger(prefix)) throw errnoError('EINVAL', call, cidr);
  return { family, address, prefix };
}

/** '10.0.3.1', 24 -> '10.0.3.0/24'. IPv6 networks are given by the address as it stands. */
function networkOf(address: string, prefix: number, family: AddressInfo['family']): string {
  if (family === 'inet6') return `${address}/${prefix}`;
  const bits = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - prefix);
  const network = Math.floor(bits / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.')}/${prefix}`;
}
