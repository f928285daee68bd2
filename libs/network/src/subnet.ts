import { randomBytes, randomInt } from 'node:crypto';
import { type Cidr4, type Cidr6, LxError, overlaps, parseCidr4, parseIpv4 } from '#lib/contract';
import type { Links } from '#lib/host';

/** `10.x.y.1/24` that overlaps no address or route of the host and none of `taken` (LxError 'network.no_subnet'). */
export async function freeSubnet(links: Links, taken: readonly Cidr4[], random = randomInt): Promise<Cidr4> {
  const [addresses, routes] = await Promise.all([links.addresses(), links.routes()]);
  const used = [...taken];
  for (const { family, address, prefix } of addresses) {
    const number = family === 'inet' ? parseIpv4(address) : null;
    if (number !== null) used.push({ address: number, prefix });
  }
  for (const { family, destination } of routes) {
    const cidr = family === 'inet' ? parseCidr4(destination.includes('/') ? destination : `${destination}/32`) : null;
    // A route that covers everything (0.0.0.0/0, or its halves as VPNs set them) leaves no choice, so it does not count.
    if (cidr && cidr.prefix > 1) used.push(cidr);
  }
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const candidate = { address: (10 << 24) + (random(0, 256) << 16) + (random(0, 255) << 8) + 1, prefix: 24 };
    if (!used.some((other) => overlaps(candidate, other))) return candidate;
  }
  throw new LxError('network.no_subnet');
}

/** `fd42:x:x:x::1/64`: of 48 random bits, so that no two have the same (RFC 4193). */
export function privateSubnet6(random = randomBytes): Cidr6 {
  const chosen = BigInt(`0xfd42${random(6).toString('hex')}`);
  return { address: (chosen << 64n) + 1n, prefix: 64 };
}
