/** IPv4 addresses as unsigned 32-bit numbers: what a validator or a subnet needs, without Node's net module. */
export interface Cidr4 {
  address: number;
  /** 0..32. */
  prefix: number;
}

/** Dotted quad, no leading zeros; null for anything else. */
export function parseIpv4(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return null;
  const parts = match.slice(1);
  if (parts.some((part) => Number(part) > 255 || String(Number(part)) !== part)) return null;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** `address/prefix`; the address may be any of the subnet. */
export function parseCidr4(text: string): Cidr4 | null {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const address = match && parseIpv4(match[1] ?? '');
  const prefix = Number(match?.[2]);
  return address === null || prefix > 32 ? null : { address, prefix };
}

export function formatCidr4({ address, prefix }: Cidr4): string {
  return `${formatIpv4(address)}/${prefix}`;
}

/** First (the network's) and last (the broadcast) address. */
export function boundsOf({ address, prefix }: Cidr4): { first: number; last: number } {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

export function overlaps(one: Cidr4, other: Cidr4): boolean {
  const a = boundsOf(one);
  const b = boundsOf(other);
  return a.first <= b.last && b.first <= a.last;
}

/** `10.0.0.5` or `10.0.0.5-10.0.0.9`; null unless both ends are addresses in order. */
export function parseRange4(text: string): { first: number; last: number } | null {
  const [from = '', to = from, ...rest] = text.split('-').map((part) => part.trim());
  const first = parseIpv4(from);
  const last = parseIpv4(to);
  return first === null || last === null || rest.length > 0 || first > last ? null : { first, last };
}
