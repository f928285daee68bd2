import { limitOptions, needsParent, type NicKind } from './kind.ts';

export const bridged: NicKind = {
  options: ['network', 'parent', 'host_name', 'ipv4.address', ...limitOptions],
  live: ['ipv4.address', ...limitOptions],
  unsupported: ['ipv4.routes', 'ipv6.address', 'ipv6.routes'],
  cable: true,
  problems: (options) => [
    ...(options.network ? [] : [needsParent(options)]),
    [options['ipv4.address'] && !options.network, '"ipv4.address" needs a managed network'],
    [options['ipv4.address']?.includes(','), 'Invalid value for device option "ipv4.address": it must be an IPv4 address'],
  ],
  link({ parent, hostName, limits }, _options, network) {
    if (network && network.kind !== 'veth') return network;
    return { kind: 'veth', hostName, hostMac: null, bridge: network ? network.bridge : parent, limits };
  },
};
