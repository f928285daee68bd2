import { describe, expect, it } from 'vitest';
import { formatCidr4, parseCidr4 } from '#lib/contract';
import { FakeLinks } from '#lib/host';
import { freeSubnet } from './subnet.ts';

/** Chooses these numbers, one after the other, then 9. */
const choices =
  (...numbers: number[]) =>
  () =>
    numbers.shift() ?? 9;

describe('freeSubnet', () => {
  it('keeps clear of addresses, routes and other networks', async () => {
    const links = new FakeLinks();
    links.plug('eth0', { up: true });
    await links.addAddress('eth0', '10.1.1.5/24');
    links.extraRoutes.push({ family: 'inet', destination: '10.2.0.0/16', gateway: '10.1.1.1', index: 2 });
    links.extraRoutes.push({ family: 'inet', destination: 'default', gateway: '10.1.1.1', index: 2 });
    links.extraRoutes.push({ family: 'inet', destination: '0.0.0.0/1', gateway: '10.1.1.1', index: 2 });
    const taken = [parseCidr4('10.3.3.1/24') ?? { address: 0, prefix: 0 }];
    const chosen = await freeSubnet(links, taken, choices(1, 1, 2, 77, 3, 3, 4, 4) as never);
    expect(formatCidr4(chosen)).toBe('10.4.4.1/24');
  });

  it('gives up when there is none', async () => {
    const links = new FakeLinks();
    links.extraRoutes.push({ family: 'inet', destination: '10.0.0.0/8', gateway: null, index: 1 });
    await expect(freeSubnet(links, [])).rejects.toMatchObject({ code: 'network.no_subnet' });
  });
});
