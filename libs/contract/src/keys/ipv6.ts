import ipaddr from 'ipaddr.js';
import { keyType } from './types.ts';

/** The one reading of IPv6 texts: addresses as 128-bit numbers. */
export interface Cidr6 {
  address: bigint;
  /** 0..128. */
  prefix: number;
}

const { IPv6 } = ipaddr;

/** Any spelling without a zone and without a quad of IPv4; null for anything else. */
export function parseIpv6(text: string): bigint | null {
  if (!/^[\da-f:]+$/i.test(text) || !IPv6.isValid(text)) return null;
  return IPv6.parse(text).parts.reduce((sum, part) => (sum << 16n) + BigInt(part), 0n);
}

/** The canonical spelling (RFC 5952). */
export function formatIpv6(address: bigint): string {
  const parts = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => Number((address >> shift) & 0xffffn));
  return new IPv6(parts).toRFC5952String();
}

/** `address/prefix`; the address may be any of the subnet. */
export function parseCidr6(text: string): Cidr6 | null {
  const [, host = '', bits = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = parseIpv6(host);
  return address === null || Number(bits) > 128 ? null : { address, prefix: Number(bits) };
}

export function formatCidr6({ address, prefix }: Cidr6): string {
  return `${formatIpv6(address)}/${prefix}`;
}

/** First and last address. */
export function bounds6({ address, prefix }: Cidr6): { first: bigint; last: bigint } {
  const hosts = (1n << BigInt(128 - prefix)) - 1n;
  return { first: address & ~hosts, last: address | hosts };
}

export function overlaps6(one: Cidr6, other: Cidr6): boolean {
  const [a, b] = [bounds6(one), bounds6(other)];
  return a.first <= b.last && b.first <= a.last;
}

/** `fd00::5` or `fd00::5-fd00::9`; null unless both ends are addresses in order. */
export function parseRange6(text: string): { first: bigint; last: bigint } | null {
  const [from = '', to = from, ...rest] = text.split('-').map((part) => part.trim());
  const first = parseIpv6(from);
  const last = parseIpv6(to);
  return first === null || last === null || rest.length > 0 || first > last ? null : { first, last };
}

/** The address of a link that the kernel makes of a MAC address (RFC 4291, appendix A). */
export function linkLocal6(mac: string): string {
  const [a = 0, b = 0, c = 0, ...rest] = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  const octets = [a ^ 2, b, c, 0xff, 0xfe, ...rest];
  return formatIpv6(octets.reduce((sum, octet) => (sum << 8n) + BigInt(octet), 0xfe80n << 48n));
}

export const ipv6Address = keyType('an IPv6 address', (value) => parseIpv6(value) !== null);
export const ipv6Network = keyType('an IPv6 network, like fd00::/64', (value) => {
  const cidr = parseCidr6(value);
  return cidr !== null && bounds6(cidr).first === cidr.address;
});
