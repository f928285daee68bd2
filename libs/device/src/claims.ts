import type { DeviceMap, StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { type NicRow, RowConflict } from '#lib/store';
import { nicsOf } from './types/nic/nic.ts';

/** What the network cards among these devices have for themselves; written with them, so that no two have the same. */
export function claimsOf(devices: DeviceMap, volatile: StringMap): NicRow[] {
  return nicsOf(devices, volatile).map(({ device, network, parent, ipv4, hwaddr, hostName }) => {
    return { device, segment: network ?? parent, address: ipv4, mac: hwaddr || null, hostName };
  });
}

const words: Record<string, readonly [field: 'address' | 'mac' | 'hostName', what: string]> = {
  nic_address: ['address', 'IP address'],
  nic_mac: ['mac', 'MAC address'],
  nic_host_name: ['hostName', 'Host name'],
};

/** LxError 'device.taken' for claims that the database refused because another card has one of them; other errors as they are. */
export function claimRefused(error: unknown, claims: readonly NicRow[]): unknown {
  const found = error instanceof RowConflict ? words[error.constraint] : undefined;
  if (!found) return error;
  const [field, what] = found;
  const { detail = '' } = ((error as Error).cause ?? {}) as { detail?: string };
  const own = claims.filter((claim) => claim[field] !== null);
  const claim = own.find((each) => detail.includes(`${each[field]})`)) ?? own[0];
  return new LxError('device.taken', { device: claim?.device ?? '', what, value: claim?.[field] ?? '' }, { cause: error });
}
