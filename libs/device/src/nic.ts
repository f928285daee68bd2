import type { StringMap } from '#lib/base';
import { problemsOf } from '#lib/contract';

/** A nic as the instance asks for it, checked. */
export interface Nic {
  device: string;
  /** Managed network, or null for `parent` or point-to-point. */
  network: string | null;
  /** Unmanaged bridge of the host. */
  parent: string | null;
  /** Name inside, e.g. eth0. */
  name: string;
  hwaddr: string | null;
  mtu: number | null;
  hostName: string | null;
  ipv4: string | null;
}

const options = new Set(['type', 'nictype', 'network', 'parent', 'name', 'hwaddr', 'mtu', 'host_name', 'ipv4.address', 'boot.priority']);

/** LXD has these too; this version cannot do them and says so rather than ignore them. */
const unsupportedTypes = new Set(['macvlan', 'ipvlan', 'physical', 'routed', 'ovn', 'sriov']);

/** IFNAMSIZ with the final NUL: 15 characters; no slash, blank, colon or control character (netdevice(7)). */
export function isLinkName(name: string): boolean {
  return /^[^\s/:\x00-\x1f]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** Problems of a nic's options, each naming the device; none when it is good. */
export function nicProblems(device: string, given: StringMap): string[] {
  const found = [...Object.keys(given).flatMap(unknownOption), ...kindProblems(given), ...valueProblems(given)];
  return found.map((text) => `Device validation failed for "${device}": ${text}`);
}

function unknownOption(option: string): string[] {
  return options.has(option) ? [] : [`Invalid device option "${option}"`];
}

/** What a nic hangs on. */
function kindProblems({ nictype, network, parent }: StringMap): string[] {
  const kind = nictype ?? (network ? 'bridged' : '');
  const known = kind === 'bridged' || kind === 'p2p';
  return problemsOf([
    [unsupportedTypes.has(kind), `nictype "${kind}" is not supported by this server`],
    [kind === '', 'One of "network" or "nictype" is needed'],
    [kind !== '' && !known && !unsupportedTypes.has(kind), `Invalid nictype "${kind}"`],
    [network && nictype, '"nictype" cannot be used together with "network"'],
    [network && parent, '"parent" cannot be used together with "network"'],
    [kind === 'bridged' && !network && !parent, '"parent" is required'],
  ]);
}

/** The options by themselves; an empty one is as good as none. */
function valueProblems(given: StringMap): string[] {
  const { hwaddr, mtu, network, 'boot.priority': priority, 'ipv4.address': address } = given;
  const names = ['name', 'host_name', 'parent', 'network'] as const;
  return problemsOf([
    ...names.map((option) => [given[option] && !isLinkName(given[option]), `Invalid value for "${option}": "${given[option]}"`] as const),
    [hwaddr && !isUnicastMac(hwaddr), `Invalid MAC address "${hwaddr}"`],
    [mtu && !isIntegerBetween(mtu, 68, 65_535), `Invalid mtu "${mtu}"`],
    [priority && !isIntegerBetween(priority, 0, 4_294_967_295), `Invalid boot.priority "${priority}"`],
    [address && !network, '"ipv4.address" needs a managed network'],
    [address && !isIpv4(address), `Invalid ipv4.address "${address}"`],
  ]);
}

/** Options that passed `nicProblems`. */
export function parseNic(device: string, given: StringMap): Nic {
  return {
    device,
    network: given.network || null,
    parent: given.parent || null,
    name: given.name || device,
    hwaddr: given.hwaddr ? given.hwaddr.toLowerCase() : null,
    mtu: given.mtu ? Number(given.mtu) : null,
    hostName: given.host_name || null,
    ipv4: given['ipv4.address'] || null,
  };
}

/** The lowest bit of the first octet marks a group address, which no link can have. */
export function isUnicastMac(text: string): boolean {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) && (Number.parseInt(text.slice(0, 2), 16) & 1) === 0 && !/^(00:){5}00$/.test(text);
}

function isIntegerBetween(text: string, least: number, most: number): boolean {
  return /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}
