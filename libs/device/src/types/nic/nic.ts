import { randomBytes } from 'node:crypto';
import type { DeviceMap, StringMap } from '#lib/base';
import { isTrue, readKey } from '#lib/contract';
import type { LinkLimits } from '#lib/host';
import type { CardFilter } from '#lib/network';
import type { InstanceRow } from '#lib/store';
import { kindOf, nicOptions } from './options.ts';

/** A network card as its instance asks for it, checked; what the server makes up is in it where it has been made up. */
export interface Nic {
  device: string;
  /** A row of kinds/index.ts. */
  kind: string;
  /** Managed network, or null. */
  network: string | null;
  /** Interface of the host, or null. */
  parent: string | null;
  /** Name inside, e.g. eth0. */
  name: string;
  hwaddr: string;
  mtu: number | null;
  hostName: string | null;
  ipv4: string | null;
  /** Of one with an end on the host; absent: none. */
  limits?: LinkLimits;
  /** Of one on a bridge; absent: it may send what it likes. */
  filter?: CardFilter;
}

/** Options that passed the checks; `volatile` holds what was made up for the card. */
export function parseNic(device: string, given: StringMap, volatile: StringMap): Nic {
  const hwaddr = (given.hwaddr || volatile[`volatile.${device}.hwaddr`] || '').toLowerCase();
  return {
    device,
    kind: kindOf(given),
    network: given.network || null,
    parent: given.parent || null,
    name: given.name || volatile[`volatile.${device}.name`] || '',
    hwaddr,
    mtu: readKey(nicOptions, given, 'mtu') ?? null,
    hostName: given.host_name || null,
    ipv4: addressOn(kindOf(given), given),
    ...limitsOf(given),
    ...filterOf(hwaddr, given),
  };
}

/** `limits` where there are any. */
export function limitsOf(options: StringMap): Pick<Nic, 'limits'> {
  const [max, incoming, outgoing] = (['limits.max', 'limits.ingress', 'limits.egress'] as const).map((option) =>
    readKey(nicOptions, options, option),
  );
  const limits = { in: (max ?? incoming) || null, out: (max ?? outgoing) || null };
  return limits.in || limits.out ? { limits } : {};
}

/** The address that its network gives it. One that is routed has its own, which may be several. */
export function addressOn(kind: string, options: StringMap): string | null {
  const address = options['ipv4.address'];
  return kind === 'routed' || address === 'none' ? null : address || null;
}

/** `filter` where what it may send is filtered. */
export function filterOf(hwaddr: string, options: StringMap): Pick<Nic, 'filter'> {
  const on = (what: string) => isTrue(options[`security.${what}_filtering`]);
  const own = (family: 'ipv4' | 'ipv6') => {
    const address = options[`${family}.address`];
    if (!on(family)) return null;
    return !address || address === 'none' ? [] : [address];
  };
  if (!on('mac') && !on('ipv4') && !on('ipv6')) return {};
  return { filter: { mac: hwaddr, ipv4: own('ipv4'), ipv6: own('ipv6') } };
}

/** The network cards among devices without problems. */
export function nicsOf(devices: DeviceMap, volatile: StringMap): Nic[] {
  return Object.entries(devices)
    .filter(([, options]) => options.type === 'nic')
    .map(([device, options]) => parseNic(device, options, volatile));
}

/** All MAC addresses that the row alone has for its cards. */
export function macsOf({ devices, volatile }: Pick<InstanceRow, 'devices' | 'volatile'>): Set<string> {
  const made = Object.entries(volatile).filter(([key]) => /^volatile\..+\.hwaddr$/.test(key));
  const given = Object.values(devices).flatMap(({ type, hwaddr }) => (type === 'nic' && hwaddr ? [hwaddr] : []));
  return new Set([...made.map(([, mac]) => mac), ...given].map((mac) => mac.toLowerCase()));
}

/** A MAC address and a name inside, where the card has none. The prefix is LXD's, so that tools know whose they are. */
export function madeUp(device: string, devices: DeviceMap, known: StringMap): StringMap {
  const given = devices[device] ?? {};
  const made: StringMap = {};
  if (!given.hwaddr && !known[`volatile.${device}.hwaddr`]) made[`volatile.${device}.hwaddr`] = `00:16:3e:${hexPairs(randomBytes(3))}`;
  if (!given.name && !known[`volatile.${device}.name`]) made[`volatile.${device}.name`] = freeName(devices, known);
  return made;
}

function freeName(devices: DeviceMap, known: StringMap): string {
  const taken = new Set(Object.values(devices).map(({ name }) => name));
  for (const device of Object.keys(devices)) taken.add(known[`volatile.${device}.name`]);
  for (let number = 0; ; number += 1) if (!taken.has(`eth${number}`)) return `eth${number}`;
}

function hexPairs(bytes: Buffer): string {
  return bytes.toString('hex').match(/../g)?.join(':') ?? '';
}
