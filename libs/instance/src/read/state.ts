import type { Cgroups, Keeper } from '#lib/host';
import { status, type WireInstanceState, type WireInstanceStateNetwork } from '#lib/contract';
import { type AttachedNic, rootDisk } from '#lib/device';
import type { InstanceRow } from '#lib/store';
import type { Storage } from '#lib/storage';
import type { Expanded } from '#lib/profile';
import type { Supervision } from '../supervision.ts';
import type { PowerState } from './view.ts';

/** What the state is asked of. */
export interface StateSources {
  supervision: Supervision;
  cgroups: Cgroups;
  storage: Storage;
}

const stoppedState = {
  memory: { usage: 0, usage_peak: 0, swap_usage: 0, swap_usage_peak: 0 },
  network: null,
  pid: 0,
  processes: 0,
  cpu: { usage: 0 },
} as const;

/** LXD's state object, asked of the kernel. */
export async function instanceState(
  from: StateSources,
  row: InstanceRow,
  expanded: Expanded,
  power: PowerState,
): Promise<WireInstanceState> {
  const head = { status: status[power].text, status_code: status[power].code };
  const keeper = from.supervision.get(row.id);
  if (!keeper) return { ...head, disk: await disk(from, row, expanded), ...stoppedState };
  const [usage, network, disks] = await Promise.all([from.cgroups.usage(row.id), networkState(keeper, row), disk(from, row, expanded)]);
  return {
    ...head,
    disk: disks,
    memory: {
      usage: usage.memory ?? 0,
      usage_peak: usage.memoryPeak ?? 0,
      swap_usage: usage.swap ?? 0,
      swap_usage_peak: usage.swapPeak ?? 0,
    },
    network,
    pid: keeper.info.initPid,
    processes: usage.processes ?? -1,
    cpu: { usage: usage.cpu ?? 0 },
  };
}

async function disk(from: StateSources, row: InstanceRow, expanded: Expanded): Promise<WireInstanceState['disk']> {
  const root = rootDisk(expanded.devices);
  if (!root) return {};
  const usage = await from.storage.roots.usage(row).catch(() => null);
  return usage === null ? {} : { [root.device]: { usage } };
}

/** ARPHRD_LOOPBACK of if_arp.h. */
const LOOPBACK = 772;

async function networkState(keeper: Keeper, row: InstanceRow): Promise<WireInstanceState['network']> {
  // An instance may end between the look-up and the question: then there is nothing to tell.
  const seen = await keeper.network().catch(() => null);
  if (!seen) return null;
  const addresses = new Map(seen.links.map((link) => [link.index, [] as (typeof seen.addresses)[number][]]));
  for (const address of seen.addresses) addresses.get(address.index)?.push(address);
  const hostNames = new Map((row.attached as AttachedNic[]).map(({ name, hostName }) => [name, hostName]));
  const states = seen.links.map((link): [string, WireInstanceStateNetwork] => [
    link.name,
    {
      addresses: (addresses.get(link.index) ?? []).map((address) => ({
        family: address.family,
        address: address.address,
        netmask: String(address.prefix),
        scope: scopeOf(address.scope),
      })),
      counters: {
        bytes_received: link.counters.rxBytes,
        bytes_sent: link.counters.txBytes,
        packets_received: link.counters.rxPackets,
        packets_sent: link.counters.txPackets,
        errors_received: link.counters.rxErrors,
        errors_sent: link.counters.txErrors,
        packets_dropped_outbound: link.counters.txDropped,
        packets_dropped_inbound: link.counters.rxDropped,
      },
      hwaddr: link.hardwareType === LOOPBACK ? '' : link.mac,
      host_name: hostNames.get(link.name) ?? '',
      mtu: link.mtu,
      state: link.up ? 'up' : 'down',
      type: link.hardwareType === LOOPBACK ? 'loopback' : 'broadcast',
    },
  ]);
  // Not by assignment: the guest chooses the names, and `__proto__` is one.
  return Object.fromEntries(states);
}

function scopeOf(scope: string): 'local' | 'link' | 'global' {
  return scope === 'local' || scope === 'link' ? scope : 'global';
}
