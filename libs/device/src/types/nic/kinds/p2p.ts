import { limitOptions, type NicKind } from './kind.ts';

export const p2p: NicKind = {
  options: ['host_name', ...limitOptions],
  live: limitOptions,
  unsupported: ['ipv4.routes', 'ipv6.routes'],
  cable: true,
  link: ({ hostName, limits }) => ({ kind: 'veth', hostName, hostMac: null, bridge: null, limits }),
};
