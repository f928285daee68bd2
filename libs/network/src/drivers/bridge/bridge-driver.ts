import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, truncate } from 'node:fs/promises';
import { Revert, type StringMap } from '#lib/base';
import {
  bounds6,
  boundsOf,
  formatCidr4,
  formatCidr6,
  formatIpv4,
  formatIpv6,
  isLxError,
  linkLocal6,
  LxError,
  parseCidr4,
  parseIpv4,
  parseIpv6,
  refuse,
} from '#lib/contract';
import type { LinkInfo, Links, Processes } from '#lib/host';
import type { NetworkRow } from '#lib/store';
import type { DynamicLease, NetworkDriver } from '../../driver.ts';
import type { Firewall } from '../../firewall.ts';
import type { Attachment, Plug } from '../../networks.ts';
import { freeSubnet, privateSubnet6 } from '../../subnet.ts';
import type { Sysctls } from '../../sysctls.ts';
import { type Bridge, parseBridge } from './config.ts';
import { dnsmasqArguments, dnsmasqFiles } from './dnsmasq-arguments.ts';
import { Dnsmasq } from './dnsmasq.ts';
import { HostEntries } from './host-entries.ts';
import { type DnsmasqLease, parseLeases, parseLeases6, releaseLeases } from './leases.ts';
import { makeDirectories } from './directories.ts';
import { dropLink, raiseLink } from './link.ts';

export interface BridgeParts {
  links: Links;
  firewall: Firewall;
  processes: Processes;
  sysctls: Sysctls;
  /** $LXCTL_DIR/networks. */
  networksDir: string;
  dnsmasqProgram: string;
  /** Something of a network fails while the network goes on. */
  warn: (network: string, problem: Error) => void;
}

/** What is kept of a network that is up. */
interface Live {
  bridge: Bridge;
  dnsmasq: Dnsmasq;
  entries: HostEntries;
}

/** A Linux bridge with an address, DHCP and DNS by dnsmasq, and NAT. */
export class BridgeDriver implements NetworkDriver {
  readonly #live = new Map<string, Live>();
  readonly #parts: BridgeParts;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
  }

  async complete(_name: string, config: StringMap, others: readonly NetworkRow[]): Promise<StringMap> {
    const complete: StringMap = { ...config };
    if (complete['ipv4.address'] === 'auto') {
      const taken = others.flatMap((row) => parseCidr4(row.config['ipv4.address'] ?? '') ?? []);
      complete['ipv4.address'] = formatCidr4(await freeSubnet(this.#parts.links, taken));
      complete['ipv4.nat'] ||= 'true';
    }
    if (complete['ipv6.address'] === 'auto') {
      complete['ipv6.address'] = formatCidr6(privateSubnet6());
      complete['ipv6.nat'] ||= 'true';
    }
    if (!complete['bridge.hwaddr'])
      complete['volatile.bridge.hwaddr'] ||= `00:16:3e:${randomBytes(3).toString('hex').match(/../g)?.join(':')}`;
    return complete;
  }

  async up(row: NetworkRow): Promise<{ anew: boolean }> {
    const bridge = parseBridge(row, this.#parts.networksDir);
    const before = this.#live.get(row.id);
    const args = dnsmasqArguments(bridge);
    const live = { ...(before ?? this.#make(bridge)), bridge };
    let anew = false;
    await using revert = new Revert();
    await this.#stage(bridge, 'files', async () => {
      const { closed, made } = await makeDirectories(bridge.directory, dnsmasqFiles(bridge).hosts);
      const mend = 'dnsmasq runs as an unprivileged user and cannot read the names of instances there';
      if (closed && !before) this.#parts.warn(bridge.name, new Error(`${closed} does not let others pass (chmod o+x): ${mend}`));
      anew = made;
    });
    await this.#stage(bridge, 'bridge', async () => {
      if (before && before.bridge.mac !== bridge.mac) await this.#parts.links.setLink(bridge.name, { mac: bridge.mac });
      await raiseLink(bridge, this.#parts.links, this.#parts.sysctls, () => {
        anew = true;
        revert.add(() => dropLink(bridge, this.#parts.links));
      });
      // Nothing is plugged in to a new bridge.
      if (anew) await live.entries.clear();
    });
    await this.#stage(bridge, 'dnsmasq', async () => {
      if (!before) revert.add(() => live.dnsmasq.stop());
      // One that runs hangs on the bridge that is gone, or on files that are.
      if (anew) await live.dnsmasq.stop();
      if (args) await live.dnsmasq.run(args);
      else await live.dnsmasq.stop();
    });
    revert.done();
    this.#live.set(row.id, live);
    // Instances work without the firewall, if not as far as the internet: its failure is told, and no more.
    await this.#parts.firewall.apply(bridge.name, bridge.firewall).catch((error: Error) => this.#parts.warn(bridge.name, error));
    return { anew };
  }

  isGone(row: NetworkRow, links: readonly LinkInfo[]): boolean {
    return !links.some(({ name }) => name === row.name);
  }

  async down(row: NetworkRow): Promise<void> {
    const bridge = parseBridge(row, this.#parts.networksDir);
    const live = this.#live.get(row.id) ?? this.#make(bridge);
    this.#live.delete(row.id);
    await live.dnsmasq.stop();
    await this.#parts.firewall.remove(bridge.name).catch((error: Error) => this.#parts.warn(bridge.name, error));
    await this.#stage(bridge, 'bridge', () => dropLink(bridge, this.#parts.links));
  }

  async forget(row: NetworkRow): Promise<void> {
    await rm(parseBridge(row, this.#parts.networksDir).directory, { recursive: true, force: true });
  }

  addressProblems(row: NetworkRow, address: string): string[] {
    return outside(address, parseBridge(row, this.#parts.networksDir));
  }

  async attach(row: NetworkRow, plug: Plug): Promise<Attachment> {
    const { bridge, entries, dnsmasq } = this.#up(row);
    if (plug.ipv4) refuse(outside(plug.ipv4, bridge));
    const hostname = bridge.dns.mode === 'managed' ? plug.hostname : null;
    if (await entries.put(plug, { ...plug, hostname })) dnsmasq.reload();
    return { link: { kind: 'veth', bridge: bridge.name }, mtu: bridge.mtu === 1500 ? null : bridge.mtu };
  }

  async detach(row: NetworkRow, plug: { instanceId: string; device: string }): Promise<void> {
    await this.#entriesOf(row).remove(plug);
  }

  async sweep(row: NetworkRow, instanceId: string): Promise<void> {
    await this.#entriesOf(row).removeAll(instanceId);
  }

  async leases(row: NetworkRow): Promise<DnsmasqLease[]> {
    const bridge = parseBridge(row, this.#parts.networksDir);
    if (!bridge.ipv4 || !bridge.dhcp) return [];
    const text = await readFile(dnsmasqFiles(bridge).leases, 'utf8').catch(() => '');
    const { first, last } = boundsOf(bridge.ipv4);
    return parseLeases(text).filter(({ address, expiresAt }) => {
      const number = parseIpv4(address) ?? 0;
      return expiresAt > Date.now() && number >= first && number <= last;
    });
  }

  async tidy(row: NetworkRow, leases: readonly DynamicLease[]): Promise<void> {
    const bridge = this.#live.get(row.id)?.bridge;
    if (!bridge?.ipv4) return;
    await releaseLeases(bridge.ipv4.address, leases);
    const { log } = dnsmasqFiles(bridge);
    // dnsmasq appends, so it goes on at the new end.
    if (((await stat(log).catch(() => null))?.size ?? 0) > 1 << 20) await truncate(log);
  }

  async leases6(row: NetworkRow): Promise<DynamicLease[]> {
    const bridge = parseBridge(row, this.#parts.networksDir);
    if (!bridge.ipv6 || bridge.dhcp6?.mode !== 'stateful') return [];
    const text = await readFile(dnsmasqFiles(bridge).leases, 'utf8').catch(() => '');
    const { first, last } = bounds6(bridge.ipv6);
    return parseLeases6(text).filter(({ address, expiresAt }) => {
      const number = parseIpv6(address) ?? 0n;
      return expiresAt > Date.now() && number >= first && number <= last;
    });
  }

  madeUp6(row: NetworkRow, mac: string): string | null {
    const { ipv6, dhcp6 } = parseBridge(row, this.#parts.networksDir);
    if (!ipv6 || dhcp6?.mode === 'stateful') return null;
    const own = (parseIpv6(linkLocal6(mac)) ?? 0n) & ((1n << 64n) - 1n);
    return formatIpv6(bounds6(ipv6).first | own);
  }

  gateways(row: NetworkRow): string[] {
    const { ipv4, ipv6 } = parseBridge(row, this.#parts.networksDir);
    return [...(ipv4 ? [formatIpv4(ipv4.address)] : []), ...(ipv6 ? [formatIpv6(ipv6.address)] : [])];
  }

  /** Lets the dnsmasqs run on their own. */
  close(): void {
    for (const { dnsmasq } of this.#live.values()) dnsmasq.release();
    this.#live.clear();
  }

  #entriesOf(row: NetworkRow): HostEntries {
    return (this.#live.get(row.id) ?? this.#make(parseBridge(row, this.#parts.networksDir))).entries;
  }

  #up(row: NetworkRow): Live {
    const live = this.#live.get(row.id);
    if (!live) throw new LxError('network.unavailable', { name: row.name });
    return live;
  }

  #make(bridge: Bridge): Live {
    const files = dnsmasqFiles(bridge);
    const onDeath = (problem: Error | null) =>
      this.#parts.warn(
        bridge.name,
        new Error(problem ? `dnsmasq ended and could not be started again: ${problem.message}` : 'dnsmasq ended and was started again'),
      );
    const dnsmasq = new Dnsmasq(files.pid, { processes: this.#parts.processes, program: this.#parts.dnsmasqProgram, onDeath });
    return { bridge, dnsmasq, entries: new HostEntries(files.hosts, bridge.directory) };
  }

  async #stage(bridge: Bridge, stage: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isLxError(error)) throw error;
      throw new LxError('network.failed', { name: bridge.name, stage, reason: (error as Error).message }, { cause: error });
    }
  }
}

/** In LXD's words. */
function outside(address: string, { name, ipv4 }: Bridge): string[] {
  const number = parseIpv4(address);
  const bounds = ipv4 && boundsOf(ipv4);
  const inside = number !== null && bounds && number > bounds.first && number < bounds.last;
  if (!inside) return [`Device IP address "${address}" not within network "${name}" subnet`];
  return number === ipv4.address ? [`IP address "${address}" is assigned to parent managed network device "${name}"`] : [];
}
