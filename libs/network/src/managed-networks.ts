import { join } from 'node:path';
import { Revert, type StringMap } from '#lib/base';
import {
  isNetworkType,
  LxError,
  networkConfigProblems,
  networkKeys,
  type NetworkType,
  refuse,
  withoutEmpty,
  type WireNetworkState,
} from '#lib/contract';
import { isErrno, type LinkInfo, type Links, type Processes } from '#lib/host';
import { type NetworkRow, RowConflict, type Store } from '#lib/store';
import type { DynamicLease, NetworkDriver } from './driver.ts';
import { BridgeDriver } from './drivers/bridge/bridge-driver.ts';
import type { Firewall } from './firewall.ts';
import { linkState, linkType } from './link-state.ts';
import type { Attachment, Lease, Networks, NetworkChange, NetworkView } from './networks.ts';
import { replug } from './replug.ts';
import { Serial } from './serial.ts';
import type { Sysctls } from './sysctls.ts';
import { cardsOf, instanceMacs, networkUsers, staticLeases } from './users.ts';

export interface NetworkParts {
  store: Store;
  links: Links;
  processes: Processes;
  firewall: Firewall;
  sysctls: Sysctls;
  /** $LXCTL_DIR. dnsmasq's unprivileged user must be able to pass through it (mode 0711). */
  stateDir: string;
  /** A network, or a part of it, does not work; for the daemon's log. */
  warn: (network: string, problem: Error) => void;
  dnsmasqProgram?: string;
  /** /sys/class/net. */
  sysfs?: string;
  /** Time after a detach until leases of deleted instances are freed. */
  sweepAfterMs?: number;
}

/**
 * INVARIANT: changes of networks go one after the other, so that two of them never choose the same name or subnet. Nics
 * come and go beside them.
 */
export class ManagedNetworks implements Networks {
  readonly #parts: Required<NetworkParts>;
  readonly #drivers: Readonly<Record<NetworkType, NetworkDriver>>;
  /** Networks that are up on this host, by id. Nics are plugged in to them without a question to the database. */
  readonly #up = new Map<string, NetworkRow>();
  readonly #changes = new Serial();
  #unwatch: (() => void) | null = null;
  readonly #sweeps = new Map<string, NodeJS.Timeout>();

  constructor(parts: NetworkParts) {
    this.#parts = { dnsmasqProgram: 'dnsmasq', sysfs: '/sys/class/net', sweepAfterMs: 2000, ...parts };
    this.#drivers = { bridge: new BridgeDriver({ ...this.#parts, networksDir: join(parts.stateDir, 'networks') }) };
  }

  prepare(): Promise<void> {
    return this.#changes.run(async () => {
      const rows = await this.#parts.store.networks.list(project);
      this.#unwatch ??= this.#parts.links.watch((names) => this.#deleted(names));
      await Promise.all(rows.map((row) => this.#raise(row).catch((error: Error) => this.#parts.warn(row.name, error))));
    });
  }

  async list(project: string): Promise<NetworkView[]> {
    const [rows, links] = await Promise.all([this.#parts.store.networks.list(project), this.#parts.links.list()]);
    const managed = new Set(rows.map(({ name }) => name));
    const others = links.filter(({ name, kind }) => !managed.has(name) && kind !== 'veth').map(unmanaged);
    return [...rows.map((row) => this.#view(row)), ...others];
  }

  async get(project: string, name: string): Promise<NetworkView> {
    const row = await this.#parts.store.networks.get(project, name);
    return row ? this.#view(row) : unmanaged(await this.#link(name));
  }

  create(project: string, request: { name: string; type: string; description: string; config: StringMap }): Promise<NetworkRow> {
    return this.#changes.run(async () => {
      const { name, description } = request;
      const type = typeOf(request.type || 'bridge');
      if (await this.#parts.store.networks.get(project, name)) throw new LxError('network.exists', { name });
      const asked = { 'ipv4.address': 'auto', 'ipv6.address': 'none', ...withoutEmpty(request.config) };
      refuse([...nameProblems(name), ...networkConfigProblems(name, type, asked)]);
      if (await this.hasLink(name)) throw new LxError('network.exists', { name });
      const others = await this.#parts.store.networks.list(project);
      const config = await this.#drivers[type].complete(name, asked, others);
      await using revert = new Revert();
      const row = await this.#parts.store.networks.insert({ project, name, type, description, config }).catch((error: unknown) => {
        throw error instanceof RowConflict ? new LxError('network.exists', { name }, { cause: error }) : error;
      });
      revert.add(() => this.#parts.store.networks.delete(row.id));
      revert.add(() => this.#driver(row).forget(row));
      await this.#raise(row);
      revert.done();
      return row;
    });
  }

  update(project: string, name: string, change: (before: NetworkView) => NetworkChange): Promise<void> {
    return this.#changes.run(async () => {
      await using revert = new Revert();
      await this.#parts.store.tx(async (store) => {
        const row = await store.networks.lock(project, name);
        if (!row) throw new LxError('network.not_found');
        const wanted = change(this.#view(row));
        const kept = Object.entries(row.config).filter(([key]) => key.startsWith('volatile.'));
        const asked = { ...withoutEmpty(wanted.config), ...Object.fromEntries(kept) };
        refuse(networkConfigProblems(name, typeOf(row.type), asked));
        const others = (await store.networks.list(project)).filter(({ id }) => id !== row.id);
        const config = await this.#driver(row).complete(name, asked, others);
        revert.add(() => this.#raise(row));
        await this.#raise({ ...row, config });
        await store.networks.update(row.id, { description: wanted.description, config });
      });
      revert.done();
    });
  }

  rename(project: string, name: string, newName: string): Promise<void> {
    return this.#changes.run(async () => {
      const row = await this.#row(project, name);
      refuse(nameProblems(newName));
      if (await this.#hasUsers(row)) throw new LxError('network.in_use');
      if ((await this.#parts.store.networks.get(project, newName)) || (await this.hasLink(newName)))
        throw new LxError('network.exists', { name: newName });
      await using revert = new Revert();
      revert.add(() => this.#raise(row));
      await this.#lower(row);
      const renamed = { ...row, name: newName };
      revert.add(() => this.#driver(row).forget(renamed));
      revert.add(() => this.#lower(renamed));
      await this.#raise(renamed);
      await this.#parts.store.networks.update(row.id, { name: newName });
      revert.done();
      // Nobody uses it, so nobody holds a lease that would have to move along.
      await this.#driver(row).forget(row);
    });
  }

  delete(project: string, name: string): Promise<void> {
    return this.#changes.run(async () => {
      const row = await this.#row(project, name);
      if (await this.#hasUsers(row)) throw new LxError('network.in_use');
      // While the transaction is open, nobody else comes to use the network: who wants to waits for its end. Killed in
      // between, the row is still there, and the next daemon brings the network up again, whole.
      await this.#parts.store.tx(async (store) => {
        await store.networks.delete(row.id).catch((error: unknown) => {
          throw error instanceof RowConflict ? new LxError('network.in_use', undefined, { cause: error }) : error;
        });
        await this.#lower(row);
        await this.#driver(row).forget(row);
      });
    });
  }

  async state(project: string, name: string): Promise<WireNetworkState> {
    const managed = await this.#parts.store.networks.get(project, name);
    const [links, addresses] = await Promise.all([this.#parts.links.list(), this.#parts.links.addresses()]);
    const link = links.find((candidate) => candidate.name === name);
    if (!link) throw managed ? new LxError('network.unavailable', { name }) : new LxError('network.not_found');
    return linkState(link, links, addresses, this.#parts.sysfs);
  }

  async leases(project: string, name: string): Promise<Lease[]> {
    const row = await this.#row(project, name);
    const driver = this.#driver(row);
    const [fixed, dynamic, dynamic6, macs, cards] = await Promise.all([
      staticLeases(this.#parts.store, row),
      driver.leases(row),
      driver.leases6(row),
      instanceMacs(this.#parts.store),
      cardsOf(this.#parts.store, row),
    ]);
    const leases: Lease[] = fixed.map((lease) => ({ ...lease, type: 'static' }));
    const fixedAddresses = new Set(fixed.map(({ address }) => address));
    for (const { mac, address, hostname } of [...dynamic, ...dynamic6]) {
      if (!macs.has(mac) || fixedAddresses.has(address)) continue;
      leases.push({ hostname: hostname ?? '', hwaddr: mac, address, type: 'dynamic' });
    }
    for (const { hostname, hwaddr } of cards) {
      const address = driver.madeUp6(row, hwaddr);
      if (address) leases.push({ hostname, hwaddr, address, type: 'dynamic' });
    }
    leases.sort((one, other) => one.hostname.localeCompare(other.hostname) || one.address.localeCompare(other.address));
    return [...driver.gateways(row).map((address): Lease => ({ hostname: `${name}.gw`, hwaddr: '', address, type: 'gateway' })), ...leases];
  }

  async proposeDefault(): Promise<{ name: string; config: StringMap }> {
    const [links, rows] = await Promise.all([this.#parts.links.list(), this.#parts.store.networks.list(project)]);
    const taken = new Set([...links, ...rows].map(({ name }) => name));
    let number = 0;
    while (taken.has(`lxctlbr${number}`)) number += 1;
    return { name: `lxctlbr${number}`, config: { 'ipv4.address': 'auto', 'ipv4.nat': 'true', 'ipv6.address': 'none' } };
  }

  async attach(request: Parameters<Networks['attach']>[0]): Promise<Attachment> {
    const row = this.#raised(request.project, request.network) ?? (await this.#revive(request.project, request.network));
    if (request.ipv4) {
      const held = await this.#heldBy(row, request.ipv4, request.mac);
      refuse(held.problems);
      await this.#driver(row).tidy(row, held.left);
    }
    return this.#driver(row)
      .attach(row, request)
      .catch(async (error: unknown) => {
        // Its files were deleted under it.
        if (!isErrno(error, 'ENOENT')) throw error;
        await this.#changes.run(() => this.#raise(row));
        return this.#driver(row).attach(row, request);
      });
  }

  async hasLink(name: string): Promise<boolean> {
    return (await this.#parts.links.list()).some((link) => link.name === name);
  }

  async isOn(path: string): Promise<boolean> {
    return (await this.#parts.sysctls.get(`net/${path}`)) === '1';
  }

  async nicProblems(project: string, network: string, { ipv4, mac }: { ipv4: string | null; mac: string }): Promise<string[]> {
    const row = await this.#parts.store.networks.get(project, network);
    if (!row) return [`Failed loading network "${network}": Network not found`];
    if (!ipv4) return [];
    const problems = this.#driver(row).addressProblems(row, ipv4);
    return problems.length > 0 ? problems : (await this.#heldBy(row, ipv4, mac)).problems;
  }

  async release(macs: ReadonlySet<string>): Promise<void> {
    if (macs.size === 0) return;
    await Promise.all(
      [...this.#up.values()].map(async (row) => {
        const driver = this.#driver(row);
        await driver.tidy(
          row,
          (await driver.leases(row)).filter(({ mac }) => macs.has(mac)),
        );
      }),
    );
  }

  /** Leases of an address to others than `mac`: problems where a card of an instance has one, the rest is left over. */
  async #heldBy(row: NetworkRow, address: string, mac: string): Promise<{ problems: string[]; left: DynamicLease[] }> {
    const others = (await this.#driver(row).leases(row)).filter((lease) => lease.address === address && lease.mac !== mac);
    if (others.length === 0) return { problems: [], left: [] };
    const known = new Set((await this.#parts.store.nics.inSegment(row.name)).map((nic) => nic.mac));
    const problems = others
      .filter((lease) => known.has(lease.mac))
      .map((lease) => `IP address "${address}" already defined on another NIC: it is leased to ${lease.hostname ?? lease.mac}`);
    return { problems, left: others.filter((lease) => !known.has(lease.mac)) };
  }

  async detach(request: Parameters<Networks['detach']>[0]): Promise<void> {
    const row = this.#raised(request.project, request.network) ?? (await this.#parts.store.networks.get(request.project, request.network));
    // The network may have gone in the meantime, and its files with it.
    if (!row) return;
    await this.#driver(row).detach(row, request);
    this.#sweepSoon(row);
  }

  async sweep(instanceId: string): Promise<void> {
    await Promise.all([...this.#up.values()].map((row) => this.#driver(row).sweep(row, instanceId)));
  }

  async tearDown(): Promise<void> {
    await this.#changes.run(async () => {
      for (const row of await this.#parts.store.networks.list(project)) {
        await this.#lower(row).catch((error: Error) => this.#parts.warn(row.name, error));
      }
    });
    this.close();
  }

  /** At a plain end of the daemon: bridges, rules and dnsmasq go on. */
  close(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    for (const timer of this.#sweeps.values()) clearTimeout(timer);
    this.#sweeps.clear();
    for (const driver of Object.values(this.#drivers)) driver.close();
  }

  #driver({ type }: NetworkRow): NetworkDriver {
    return this.#drivers[typeOf(type)];
  }

  async #raise(row: NetworkRow): Promise<void> {
    this.#up.delete(row.id);
    const { anew } = await this.#driver(row).up(row);
    this.#up.set(row.id, row);
    if (anew) await replug(this.#parts.store, this.#parts.links, this.#driver(row), row);
  }

  /** Links of the host are gone: a network that was one of them is brought up again. `names` null: any may be. */
  #deleted(names: readonly string[] | null): void {
    for (const row of this.#up.values()) {
      if (names && !names.includes(row.name)) continue;
      void this.#changes.run(() => this.#mend(row)).catch((error: Error) => this.#parts.warn(row.name, error));
    }
  }

  async #mend(row: NetworkRow): Promise<void> {
    // By the time of its turn it may have been taken down by us, or be up again.
    if (this.#up.get(row.id) !== row || !this.#driver(row).isGone(row, await this.#parts.links.list())) return;
    this.#parts.warn(row.name, new Error('it was deleted from outside and is made again'));
    await this.#raise(row);
  }

  /** A network that could not be brought up may be mended by now. */
  #revive(project: string, name: string): Promise<NetworkRow> {
    return this.#changes.run(async () => {
      const row = await this.#row(project, name);
      if (this.#up.has(row.id)) return row;
      await this.#raise(row).catch((error: unknown) => {
        throw new LxError('network.unavailable', { name }, { cause: error });
      });
      return row;
    });
  }

  async #lower(row: NetworkRow): Promise<void> {
    this.#up.delete(row.id);
    await this.#driver(row).down(row);
  }

  /** Addresses of deleted instances are given back at once, so that a busy host does not run out of them. */
  #sweepSoon(row: NetworkRow): void {
    if (this.#sweeps.has(row.id)) return;
    const timer = setTimeout(() => {
      this.#sweeps.delete(row.id);
      void this.#sweep(row).catch((error: Error) => this.#parts.warn(row.name, error));
    }, this.#parts.sweepAfterMs);
    this.#sweeps.set(row.id, timer.unref());
  }

  async #sweep(row: NetworkRow): Promise<void> {
    const [leases, macs] = await Promise.all([this.#driver(row).leases(row), instanceMacs(this.#parts.store)]);
    // Without a name it is none of ours: something else on the bridge.
    const left = leases.filter(({ mac, hostname }) => hostname !== null && !macs.has(mac));
    await this.#driver(row).tidy(row, left);
  }

  async #row(project: string, name: string): Promise<NetworkRow> {
    const row = await this.#parts.store.networks.get(project, name);
    if (!row) throw new LxError('network.not_found');
    return row;
  }

  #raised(project: string, name: string): NetworkRow | undefined {
    return [...this.#up.values()].find((row) => row.project === project && row.name === name);
  }

  async #hasUsers(row: NetworkRow): Promise<boolean> {
    return (await networkUsers(this.#parts.store, row.project)).has(row.name);
  }

  async #link(name: string): Promise<LinkInfo> {
    const link = (await this.#parts.links.list()).find((candidate) => candidate.name === name);
    if (!link) throw new LxError('network.not_found');
    return link;
  }

  #view({ id, name, type, description, config }: NetworkRow): NetworkView {
    return { name, managed: true, type, description, config, status: this.#up.has(id) ? 'Created' : 'Unavailable' };
  }
}

/** Networks of the host belong to the default project, as in LXD while a project has no networks of its own. */
const project = 'default';

function typeOf(type: string): NetworkType {
  if (!isNetworkType(type)) refuse([`Unsupported network type "${type}": this server has ${Object.keys(networkKeys).join(', ')}`]);
  return type as NetworkType;
}

function unmanaged(link: LinkInfo): NetworkView {
  return { name: link.name, managed: false, type: linkType(link), description: '', config: {}, status: '' };
}

/** A network's name is its link's, and goes into paths and the firewall. */
function nameProblems(name: string): string[] {
  if (name.length < 2) return ['Network interface is too short (minimum 2 characters)'];
  if (name.length > 15) return ['Network interface is too long (maximum 15 characters)'];
  // The kernel keeps these two for its settings of all links (net.ipv4.conf.all).
  if (name === 'all' || name === 'default') return [`Network interface name "${name}" is reserved`];
  return /^[a-zA-Z0-9][-a-zA-Z0-9_.]*$/.test(name) ? [] : ['Network interface name contains invalid characters'];
}
