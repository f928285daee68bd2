export * from './networks.ts';
export * from './firewall.ts';
export { ProcSysctls, type Sysctls } from './sysctls.ts';
export { ManagedNetworks, type NetworkParts } from './managed-networks.ts';
export { networkUsers } from './users.ts';
