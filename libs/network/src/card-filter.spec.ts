import { describe, expect, it } from 'vitest';
import { filterBatch, filterRemoval } from './card-filter.ts';

const rulesOf = (filter: Parameters<typeof filterBatch>[3]) =>
  filterBatch('t', 'c', 'veth1', filter)
    .filter((line) => line.startsWith('add rule bridge t c '))
    .map((line) => line.slice('add rule bridge t c '.length));
const mac = '00:16:3e:00:00:01';

describe('filters of cards', () => {
  it("are a chain of their own, found by the name of the card's end", () => {
    expect(filterBatch('t', 'c', 'veth1', { mac, ipv4: null, ipv6: null })).toMatchInlineSnapshot(`
      [
        "add table bridge t",
        "add map bridge t cards { type ifname : verdict; }",
        "add chain bridge t c",
        "add chain bridge t cards { type filter hook prerouting priority filter; policy accept; }",
        "flush chain bridge t cards",
        "add rule bridge t cards iifname vmap @cards",
        "flush chain bridge t c",
        "add rule bridge t c ether saddr != 00:16:3e:00:00:01 drop",
        "add rule bridge t c arp saddr ether != 00:16:3e:00:00:01 drop",
        "add rule bridge t c icmpv6 type nd-neighbor-advert @th,208,48 != 0x00163e000001 drop",
        "add element bridge t cards { "veth1" : jump c }",
      ]
    `);
    expect(filterRemoval('t', 'c', 'veth1').slice(-3)).toMatchInlineSnapshot(`
      [
        "delete element bridge t cards { "veth1" : jump c }",
        "flush chain bridge t c",
        "delete chain bridge t c",
      ]
    `);
  });

  it('let it have its addresses and no other', () => {
    expect(rulesOf({ mac, ipv4: ['10.0.0.2'], ipv6: ['fd00::2'] })).toMatchInlineSnapshot(`
      [
        "ether saddr != 00:16:3e:00:00:01 drop",
        "arp saddr ether != 00:16:3e:00:00:01 drop",
        "icmpv6 type nd-neighbor-advert @th,208,48 != 0x00163e000001 drop",
        "ether type != { ip, ip6, arp } drop",
        "arp saddr ip != { 0.0.0.0, 10.0.0.2 } drop",
        "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp dport 67 accept",
        "ip saddr != { 10.0.0.2 } drop",
        "icmpv6 type { nd-router-advert, nd-redirect } drop",
        "icmpv6 type nd-neighbor-advert @th,64,128 != { 0xfe8000000000000002163efffe000001, 0xfd000000000000000000000000000002 } drop",
        "ip6 saddr :: icmpv6 type { nd-neighbor-solicit, mld2-listener-report } accept",
        "ip6 saddr != { fe80::216:3eff:fe00:1, fd00::2 } drop",
      ]
    `);
    expect(rulesOf({ mac, ipv4: [], ipv6: [] }).slice(-2)).toEqual(['ether type { ip, arp } drop', 'ether type ip6 drop']);
  });
});
