import type { NicKind } from './kind.ts';

export const p2p: NicKind = {
  options: ['host_name'],
  unsupported: ['ipv4.routes'],
  cable: true,
  link: ({ hostName }) => ({ kind: 'veth', hostName, hostMac: null, bridge: null }),
};
