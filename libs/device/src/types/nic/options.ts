import { parseBits, type StringMap } from '#lib/base';
import { boundsOf, defineKeys, ipv4Address, ipv6Address, ipv6Network, keyTypes, parseCidr4 } from '#lib/contract';
import { isLinkName } from '../../names.ts';

const { anyOf, bool, integer, keyType, listOf, oneOf, unicastMac } = keyTypes;

const none = oneOf('none');
const linkName = keyType('the name of a network interface: 1 to 15 characters without blank, slash and colon', isLinkName);

const ipv4Network = keyType('an IPv4 network, like 10.0.0.0/24', (value) => {
  const cidr = parseCidr4(value);
  return cidr !== null && boundsOf(cidr).first === cidr.address;
});

/** In bits a second; 0 is no limit. */
const bitRate = keyType(
  'a number of bits a second such as 100Mbit',
  (value) => parseBits(value) !== null,
  (value) => parseBits(value) ?? 0,
);

/** Options of network cards. Which kind takes which is in `kinds/`. */
export const nicOptions = defineKeys('device.nic', {
  type: { type: oneOf('nic'), doc: 'What the device is.', live: false },
  nictype: {
    type: oneOf('bridged', 'p2p', 'macvlan', 'physical', 'routed'),
    doc: 'Kind of network card: on a bridge of the host (`bridged`), a cable to the host alone (`p2p`), a second address of an interface of the host (`macvlan`), such an interface itself, lent (`physical`), or a cable to the host, which routes single addresses to it (`routed`). Left out with `network`.',
    live: false,
  },
  network: { type: linkName, doc: 'Managed network to be on.', live: false },
  parent: {
    type: linkName,
    doc: 'Interface of the host: the bridge, what a macvlan or physical card is made of, or what answers for the addresses of a routed one.',
    live: false,
  },
  name: { type: linkName, doc: 'Name inside. Left out: the next free eth<n>, kept in volatile.<device>.name.', live: false },
  hwaddr: { type: unicastMac, doc: 'MAC address. Left out: one is made up and kept in volatile.<device>.hwaddr.', live: false },
  mtu: { type: integer({ min: 68, max: 65_535 }), doc: "MTU. Left out: the network's, or the kernel's choice.", live: false },
  host_name: {
    type: linkName,
    doc: "Name of the host's end of the cable (bridged, p2p). Left out: one is made up at each start.",
    live: false,
  },
  'ipv4.address': {
    type: anyOf(listOf(ipv4Address), none),
    doc: 'Address that DHCP of a managed network gives it, and that filtering lets it have; `none`, with filtering: it has no IPv4. Of a routed card: addresses, which are set inside.',
    live: true,
  },
  'ipv4.gateway': {
    type: oneOf('auto', 'none'),
    doc: 'Whether the host is the default gateway (routed). Left out: `auto`, it is.',
    live: false,
  },
  'ipv4.host_address': { type: ipv4Address, doc: "Address of the host's end (routed). Left out: 169.254.0.1.", live: false },
  'ipv4.host_table': {
    type: integer({ min: 1, max: 4_294_967_295 }),
    doc: 'Routing table of the host that gets the routes too, beside the main one (routed).',
    live: false,
  },
  'ipv4.neighbor_probe': {
    type: bool,
    doc: 'Whether the address is looked for on the parent first (routed). Only `false`, which is the default.',
    live: false,
  },
  'ipv4.routes': { type: listOf(ipv4Network), doc: 'Networks that the host routes to it (routed).', live: false },
  'security.mac_filtering': {
    type: bool,
    doc: 'Whether frames from another MAC address than its own are dropped (bridged).',
    default: 'false',
    live: true,
  },
  'security.ipv4_filtering': {
    type: bool,
    doc: 'Whether what comes from another IPv4 address than `ipv4.address`, or another MAC address, is dropped (bridged).',
    default: 'false',
    live: true,
  },
  'security.ipv6_filtering': {
    type: bool,
    doc: "Whether what comes from another IPv6 address than `ipv6.address` and the link's own, or another MAC address, is dropped, and so are router advertisements (bridged).",
    default: 'false',
    live: true,
  },
  'security.port_isolation': {
    type: bool,
    doc: 'Whether it reaches no other isolated card of the bridge (bridged).',
    default: 'false',
    live: false,
  },
  'limits.ingress': { type: bitRate, doc: 'How much may go to the instance, in bits a second (bridged, p2p, routed).', live: true },
  'limits.egress': { type: bitRate, doc: 'How much may come from the instance, in bits a second (bridged, p2p, routed).', live: true },
  'limits.max': { type: bitRate, doc: 'Both limits.ingress and limits.egress, in place of these.', live: true },
  'ipv6.address': {
    type: anyOf(listOf(ipv6Address), none),
    doc: 'Address that filtering lets a bridged card have; `none`: it has no IPv6. Of a routed card: addresses, which are set inside.',
    live: true,
  },
  'ipv6.gateway': {
    type: oneOf('auto', 'none'),
    doc: 'Whether the host is the default gateway for IPv6 (routed). Left out: `auto`, it is.',
    live: false,
  },
  'ipv6.host_address': { type: ipv6Address, doc: "Address of the host's end (routed). Left out: fe80::1.", live: false },
  'ipv6.host_table': {
    type: integer({ min: 1, max: 4_294_967_295 }),
    doc: 'Routing table of the host that gets the IPv6 routes too, beside the main one (routed).',
    live: false,
  },
  'ipv6.neighbor_probe': {
    type: bool,
    doc: 'Whether the IPv6 address is looked for on the parent first (routed). Only `false`, which is the default.',
    live: false,
  },
  'ipv6.routes': { type: listOf(ipv6Network), doc: 'IPv6 networks that the host routes to it (routed).', live: false },
  'boot.priority': {
    type: integer({ min: 0, max: 4_294_967_295 }),
    doc: 'Order among the devices that a virtual machine boots from; containers have none.',
    live: true,
    readWhenUsed: true,
  },
});

/** LXD has these too; a card that has one is refused rather than the option ignored. */
export const unsupportedNicOptions = [
  'acceleration',
  'gvrp',
  'ipv4.',
  'ipv6.',
  'limits.priority',
  'maas.',
  'mode',
  'nested',
  'queue.',
  'security.acls',
  'vlan',
  'vlan.tagged',
];

/** The kind of a card whose options may be wrong; empty text where none is said. */
export function kindOf({ nictype, network }: StringMap): string {
  return nictype || (network ? 'bridged' : '');
}
