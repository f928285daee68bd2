import type { StringMap } from '#lib/base';
import { defineKeys, ipv4Address, keyTypes } from '#lib/contract';
import { isLinkName } from '../../names.ts';

const { integer, keyType, oneOf, unicastMac } = keyTypes;

const linkName = keyType('the name of a network interface: 1 to 15 characters without blank, slash and colon', isLinkName);

/** Options of network cards. Which kind takes which is in `kinds.ts`. */
export const nicOptions = defineKeys('device.nic', {
  type: { type: oneOf('nic'), doc: 'What the device is.', live: false },
  nictype: {
    type: oneOf('bridged', 'p2p', 'macvlan', 'physical'),
    doc: 'Kind of network card: on a bridge of the host (`bridged`), a cable to the host alone (`p2p`), a second address of an interface of the host (`macvlan`), or such an interface itself, lent (`physical`). Left out with `network`.',
    live: false,
  },
  network: { type: linkName, doc: 'Managed network to be on.', live: false },
  parent: { type: linkName, doc: 'Interface of the host: the bridge, or what a macvlan or physical card is made of.', live: false },
  name: { type: linkName, doc: 'Name inside. Left out: the next free eth<n>, kept in volatile.<device>.name.', live: false },
  hwaddr: { type: unicastMac, doc: 'MAC address. Left out: one is made up and kept in volatile.<device>.hwaddr.', live: false },
  mtu: { type: integer({ min: 68, max: 65_535 }), doc: "MTU. Left out: the network's, or the kernel's choice.", live: false },
  host_name: {
    type: linkName,
    doc: "Name of the host's end of the cable (bridged, p2p). Left out: one is made up at each start.",
    live: false,
  },
  'ipv4.address': { type: ipv4Address, doc: 'Address that DHCP of a managed network gives it.', live: true },
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
  'limits.',
  'maas.',
  'mode',
  'nested',
  'queue.',
  'security.',
  'vlan',
  'vlan.tagged',
];

/** The kind of a card whose options may be wrong; empty text where none is said. */
export function kindOf({ nictype, network }: StringMap): string {
  return nictype || (network ? 'bridged' : '');
}
