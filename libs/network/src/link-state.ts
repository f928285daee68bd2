import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WireNetworkState, WireNetworkStateBridge } from '#lib/contract';
import type { AddressInfo, LinkInfo } from '#lib/host';

const LOOPBACK = 772;

/** LXD's word for the type of a link that it does not manage. */
export function linkType(link: LinkInfo): string {
  if (link.hardwareType === LOOPBACK) return 'loopback';
  if (link.kind === '') return 'physical';
  return ['bridge', 'vlan', 'bond'].includes(link.kind) ? link.kind : 'unknown';
}

/** A link as `GET /1.0/networks/{name}/state` shows it. `sysfs`: /sys/class/net. */
export async function linkState(
  link: LinkInfo,
  links: readonly LinkInfo[],
  addresses: readonly AddressInfo[],
  sysfs: string,
): Promise<WireNetworkState> {
  const { counters } = link;
  return {
    addresses: addresses.filter(({ index }) => index === link.index).map(presentAddress),
    counters: {
      bytes_received: counters.rxBytes,
      bytes_sent: counters.txBytes,
      packets_received: counters.rxPackets,
      packets_sent: counters.txPackets,
    },
    hwaddr: link.hardwareType === LOOPBACK ? '' : link.mac,
    mtu: link.mtu,
    state: link.up ? 'up' : 'down',
    type: link.hardwareType === LOOPBACK ? 'loopback' : 'broadcast',
    bond: null,
    bridge: link.kind === 'bridge' ? await bridgeState(link, links, sysfs) : null,
    vlan: null,
    ovn: null,
  };
}

function presentAddress({ family, address, prefix, scope }: AddressInfo): WireNetworkState['addresses'][number] {
  const plain = scope === 'global' || scope === 'link' ? scope : 'local';
  return { family, address, netmask: String(prefix), scope: plain };
}

async function bridgeState(link: LinkInfo, links: readonly LinkInfo[], sysfs: string): Promise<WireNetworkStateBridge> {
  const read = (file: string) =>
    readFile(join(sysfs, link.name, 'bridge', file), 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
  const [id, stp, delay, pvid, filtering] = await Promise.all(
    ['bridge_id', 'stp_state', 'forward_delay', 'default_pvid', 'vlan_filtering'].map(read),
  );
  return {
    id: id ?? '',
    stp: stp === '1',
    forward_delay: Number(delay),
    vlan_default: Number(pvid),
    vlan_filtering: filtering === '1',
    upper_devices: links.filter(({ master }) => master === link.index).map(({ name }) => name),
  };
}
