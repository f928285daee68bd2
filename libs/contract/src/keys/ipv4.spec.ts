import { describe, expect, it } from 'vitest';
import { boundsOf, formatCidr4, formatIpv4, overlaps, parseCidr4, parseIpv4, parseRange4 } from './ipv4.ts';

const cidr = (text: string) => parseCidr4(text) ?? { address: -1, prefix: -1 };

describe('IPv4 addresses', () => {
  it.each(['0.0.0.0', '10.1.2.3', '255.255.255.255'])('%s is read and written', (text) => {
    expect(formatIpv4(parseIpv4(text) ?? -1)).toBe(text);
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.04', '0x1.2.3.4', '1.2.3', '16909060', '1.2.3.4 ', 'a.b.c.d', '::1'])(
    '%j is none',
    (text) => {
      expect(parseIpv4(text)).toBeNull();
    },
  );

  it('subnets have bounds', () => {
    const { first, last } = boundsOf(cidr('10.1.2.77/22'));
    expect([formatIpv4(first), formatIpv4(last)]).toEqual(['10.1.0.0', '10.1.3.255']);
    expect(formatCidr4(cidr('192.168.255.1/17'))).toBe('192.168.255.1/17');
    expect([
      parseCidr4('10.0.0.1'),
      parseCidr4('10.0.0.1/33'),
      parseCidr4('10.0.0.1/'),
      parseCidr4('10.0.0/8'),
      parseCidr4('10.0.0.1/08'),
      parseCidr4('10.0.00.1/8'),
    ]).toEqual([null, null, null, null, null, null]);
  });

  it('subnets overlap or not', () => {
    expect(overlaps(cidr('10.1.2.1/24'), cidr('10.1.0.0/16'))).toBe(true);
    expect(overlaps(cidr('10.1.2.1/24'), cidr('10.1.3.1/24'))).toBe(false);
    expect(overlaps(cidr('192.168.0.0/16'), cidr('0.0.0.0/0'))).toBe(true);
  });

  it('ranges are in order', () => {
    expect(parseRange4('10.0.0.5-10.0.0.9')).toEqual({ first: 167772165, last: 167772169 });
    expect(parseRange4('10.0.0.5')).toEqual({ first: 167772165, last: 167772165 });
    expect([parseRange4('10.0.0.9-10.0.0.5'), parseRange4('10.0.0.5-'), parseRange4('a-b')]).toEqual([null, null, null]);
  });
});
