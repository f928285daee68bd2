import { createSocket } from 'node:dgram';
import { formatIpv4, parseIpv4, parseIpv6 } from '#lib/contract';
import type { DynamicLease } from '../../driver.ts';

/** A line of dnsmasq's lease file. */
export interface DnsmasqLease extends DynamicLease {
  /** As hex bytes with colons; null when the client sent none. */
  clientId: string | null;
}

/** `expiry mac address name client-id`, IPv4 only; the lines after `duid` are DHCPv6's. */
export function parseLeases(text: string): DnsmasqLease[] {
  const leases: DnsmasqLease[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('duid ')) break;
    const [expiry = '', mac = '', address = '', name = '*', clientId = '*'] = line.split(' ');
    if (!/^\d+$/.test(expiry) || parseIpv4(address) === null) continue;
    leases.push({
      expiresAt: expiry === '0' ? Number.POSITIVE_INFINITY : Number(expiry) * 1000,
      // A hardware type other than Ethernet stands before the address, with a dash.
      mac: mac.replace(/^[\da-f]{2}-/i, '').toLowerCase(),
      address,
      hostname: name === '*' ? null : name,
      clientId: clientId === '*' ? null : clientId,
    });
  }
  return leases;
}

/**
 * The lines after `duid`: `expiry iaid address name duid`. The MAC address is in identifiers that are made of one (RFC 8415, 11.2 and
 * 11.4: types 1 and 3, of Ethernet); leases of other clients are left out, for nobody knows whose they are.
 */
export function parseLeases6(text: string): DynamicLease[] {
  const [, ...after] = text.split(/^duid .*$/m);
  return after
    .flatMap((part) => part.split('\n'))
    .flatMap((line) => {
      const [expiry = '', , address = '', name = '*', duid = ''] = line.split(' ');
      const mac = /^(?:00:01:00:01:(?:[\da-f]{2}:){4}|00:03:00:01:)((?:[\da-f]{2}:){5}[\da-f]{2})$/i.exec(duid)?.[1];
      if (!/^\d+$/.test(expiry) || !mac || parseIpv6(address) === null) return [];
      const expiresAt = expiry === '0' ? Number.POSITIVE_INFINITY : Number(expiry) * 1000;
      return [{ expiresAt, mac: mac.toLowerCase(), address, hostname: name === '*' ? null : name }];
    });
}

/** Gives leases back in their holders' stead (RFC 2131, DHCPRELEASE), so that the addresses are free at once. */
export async function releaseLeases(server: number, leases: readonly DynamicLease[]): Promise<void> {
  if (leases.length === 0) return;
  const socket = createSocket('udp4');
  try {
    for (const lease of leases) {
      await new Promise<void>((resolve, reject) => {
        socket.send(releaseMessage(server, lease), 67, formatIpv4(server), (error) => (error ? reject(error) : resolve()));
      });
    }
  } finally {
    socket.close();
  }
}

function releaseMessage(server: number, lease: DynamicLease & { clientId?: string | null }): Buffer {
  const fixed = Buffer.alloc(236);
  const mac = Buffer.from(lease.mac.replaceAll(':', ''), 'hex');
  fixed.set([1, 1, mac.length]);
  fixed.writeUInt32BE(parseIpv4(lease.address) ?? 0, 12);
  mac.copy(fixed, 28);
  const clientId = Buffer.from((lease.clientId ?? '').replaceAll(':', ''), 'hex');
  const serverId = Buffer.alloc(4);
  serverId.writeUInt32BE(server);
  return Buffer.concat([
    fixed,
    Buffer.from([0x63, 0x82, 0x53, 0x63]),
    option(53, Buffer.from([7])),
    option(54, serverId),
    ...(clientId.length > 0 ? [option(61, clientId)] : []),
    Buffer.from([255]),
  ]);
}

function option(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), value]);
}
