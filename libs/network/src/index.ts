export * from './networks.ts';
export * from './firewall.ts';
export * from './device-rules.ts';
export type { CardFilter } from './card-filter.ts';
export { RecordingDeviceRules } from './fake/recording-device-rules.ts';
export { ProcSysctls, type Sysctls } from './sysctls.ts';
export { ManagedNetworks, type NetworkParts } from './managed-networks.ts';
export { networkUsers } from './users.ts';
