import { describe, expect, it } from 'vitest';
import { bounds6, formatCidr6, formatIpv6, ipv6Network, linkLocal6, overlaps6, parseCidr6, parseIpv6, parseRange6 } from './ipv6.ts';

const cidr = (text: string) => parseCidr6(text) ?? { address: -1n, prefix: -1 };

describe('IPv6 addresses', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['FD42:0:0:0:0:0:0:1', 'fd42::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s is read and written', (text, written) => {
    expect(formatIpv6(parseIpv6(text) ?? -1n)).toBe(written);
  });

  it.each(['', ':', '1', 'fe80::1%eth0', '::ffff:1.2.3.4', '1.2.3.4', '::1 ', '1::2::3', '12345::', ':::'])('%j is none', (text) => {
    expect(parseIpv6(text)).toBeNull();
  });

  it('subnets have bounds', () => {
    const { first, last } = bounds6(cidr('fd42::77/112'));
    expect([formatIpv6(first), formatIpv6(last)]).toEqual(['fd42::', 'fd42::ffff']);
    expect(formatCidr6(cidr('fd42:0::1/64'))).toBe('fd42::1/64');
    expect(['fd42::1', 'fd42::1/129', 'fd42::1/', 'fd42::1/064', '10.0.0.1/8'].map(parseCidr6)).toEqual([null, null, null, null, null]);
    expect(['fd42::/64', 'fd42::1/64', '::/0'].map(ipv6Network.accepts)).toEqual([true, false, true]);
  });

  it('subnets overlap or not', () => {
    expect(overlaps6(cidr('fd42::1/64'), cidr('fd42::/16'))).toBe(true);
    expect(overlaps6(cidr('fd42::1/64'), cidr('fd42:0:0:1::1/64'))).toBe(false);
  });

  it('of a link follow from a MAC address', () => {
    expect(linkLocal6('00:16:3e:aa:bb:cc')).toBe('fe80::216:3eff:feaa:bbcc');
  });

  it('ranges are in order', () => {
    expect(parseRange6('fd42::5-fd42::9')).toEqual({ first: cidr('fd42::5/0').address, last: cidr('fd42::9/0').address });
    expect(['fd42::9-fd42::5', 'fd42::1-', 'a-b', ''].map(parseRange6)).toEqual([null, null, null, null]);
  });
});
