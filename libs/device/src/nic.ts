import type { StringMap } from '#lib/base';

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
  const problems: string[] = [];
  const bad = (text: string) => problems.push(`Device validation failed for "${device}": ${text}`);
  const kind = given.nictype ?? (given.network ? 'bridged' : '');
  for (const option of Object.keys(given)) if (!options.has(option)) bad(`Invalid device option "${option}"`);
  if (unsupportedTypes.has(kind)) bad(`nictype "${kind}" is not supported by this server`);
  else if (kind === '') bad('One of "network" or "nictype" is needed');
  else if (kind !== 'bridged' && kind !== 'p2p') bad(`Invalid nictype "${kind}"`);
  if (given.network && given.nictype) bad('"nictype" cannot be used together with "network"');
  if (given.network && given.parent) bad('"parent" cannot be used together with "network"');
  if (kind === 'bridged' && !given.network && !given.parent) bad('"parent" is required');
  for (const option of ['name', 'host_name', 'parent', 'network'] as const) {
    const value = given[option];
    if (value !== undefined && value !== '' && !isLinkName(value)) bad(`Invalid value for "${option}": "${value}"`);
  }
  if (given.hwaddr && !isUnicastMac(given.hwaddr)) bad(`Invalid MAC address "${given.hwaddr}"`);
  if (given.mtu && !isIntegerBetween(given.mtu, 68, 65_535)) bad(`Invalid mtu "${given.mtu}"`);
  if (given['boot.priority'] && !isIntegerBetween(given['boot.priority'], 0, 4_294_967_295))
    bad(`Invalid boot.priority "${given['boot.priority']}"`);
  if (given['ipv4.address']) {
    if (!given.network) bad('"ipv4.address" needs a managed network');
    if (!isIpv4(given['ipv4.address'])) bad(`Invalid ipv4.address "${given['ipv4.address']}"`);
  }
  return problems;
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
function isUnicastMac(text: string): boolean {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) && (Number.parseInt(text.slice(0, 2), 16) & 1) === 0 && !/^(00:){5}00$/.test(text);
}

function isIntegerBetween(text: string, least: number, most: number): boolean {
  return /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}
