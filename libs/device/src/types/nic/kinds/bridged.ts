import { isTrue } from '#lib/contract';
import { limitOptions, needsParent, type NicKind } from './kind.ts';

const filters = ['security.mac_filtering', 'security.ipv4_filtering', 'security.ipv6_filtering'];
const live = ['ipv4.address', 'ipv6.address', ...filters, ...limitOptions];

export const bridged: NicKind = {
  options: ['network', 'parent', 'host_name', 'security.port_isolation', ...live],
  live,
  unsupported: ['ipv4.routes', 'ipv6.routes'],
  cable: true,
  problems: (options) => {
    const filtered = (family: string) => isTrue(options[`security.${family}_filtering`]);
    const { 'ipv4.address': ipv4, 'ipv6.address': ipv6 } = options;
    return [
      ...(options.network ? [] : [needsParent(options)]),
      [ipv4 && !options.network && !filtered('ipv4'), '"ipv4.address" needs a managed network, or "security.ipv4_filtering"'],
      [ipv6 && !filtered('ipv6'), '"ipv6.address" needs "security.ipv6_filtering"'],
      [ipv6 && ipv6 !== 'none' && options.network, 'option "ipv6.address" of a card on a managed network is not supported by this server'],
      [ipv4 === 'none' && !filtered('ipv4'), 'Cannot use "ipv4.address" value of "none" without "security.ipv4_filtering"'],
      [ipv4?.includes(','), 'Invalid value for device option "ipv4.address": it must be an IPv4 address'],
      [ipv6?.includes(','), 'Invalid value for device option "ipv6.address": it must be an IPv6 address'],
      [filtered('ipv4') && !ipv4, 'IPv4 filtering requires a manually specified ipv4.address'],
      [filtered('ipv6') && !ipv6, 'IPv6 filtering requires a manually specified ipv6.address'],
    ];
  },
  link({ parent, hostName, limits }, options, network) {
    if (network && network.kind !== 'veth') return network;
    const isolated = isTrue(options['security.port_isolation']);
    return { kind: 'veth', hostName, hostMac: null, bridge: network ? network.bridge : parent, isolated, limits };
  },
};
