import ipaddr from 'ipaddr.js';
import { keyType } from './types.ts';

/** The one reading of IPv4 texts: addresses as unsigned 32-bit numbers, which is what a subnet is reckoned with. */
export interface Cidr4 {
  address: number;
  /** 0..32. */
  prefix: number;
}

const { IPv4 } = ipaddr;

/** Dotted quad, no leading zeros (some programs read those as octal); null for anything else. */
export function parseIpv4(text: string): number | null {
  return IPv4.isValidFourPartDecimal(text) ? numberOf(IPv4.parse(text).octets) : null;
}

export const ipv4Address = keyType('an IPv4 address', (value) => parseIpv4(value) !== null);

export function formatIpv4(address: number): string {
  return new IPv4(octetsOf(address)).toString();
}

/** `address/prefix`; the address may be any of the subnet. */
export function parseCidr4(text: string): Cidr4 | null {
  if (!IPv4.isValidCIDRFourPartDecimal(text)) return null;
  const [address, prefix] = IPv4.parseCIDR(text);
  return text.endsWith(`/${prefix}`) ? { address: numberOf(address.octets), prefix } : null;
}

export function formatCidr4({ address, prefix }: Cidr4): string {
  return `${formatIpv4(address)}/${prefix}`;
}

/** First (the network's) and last (the broadcast) address. */
export function boundsOf(cidr: Cidr4): { first: number; last: number } {
  const text = formatCidr4(cidr);
  return { first: numberOf(IPv4.networkAddressFromCIDR(text).octets), last: numberOf(IPv4.broadcastAddressFromCIDR(text).octets) };
}

export function overlaps(one: Cidr4, other: Cidr4): boolean {
  const shorter = Math.min(one.prefix, other.prefix);
  return new IPv4(octetsOf(one.address)).match(new IPv4(octetsOf(other.address)), shorter);
}

/** `10.0.0.5` or `10.0.0.5-10.0.0.9`; null unless both ends are addresses in order. */
export function parseRange4(text: string): { first: number; last: number } | null {
  const [from = '', to = from, ...rest] = text.split('-').map((part) => part.trim());
  const first = parseIpv4(from);
  const last = parseIpv4(to);
  return first === null || last === null || rest.length > 0 || first > last ? null : { first, last };
}

function numberOf(octets: readonly number[]): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function octetsOf(address: number): number[] {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
}
