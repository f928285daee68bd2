export * from './launch-plan.ts';
export * from './link-plan.ts';
export * from './proxy-plan.ts';
export * from './ports.ts';
export * from './cgroup/index.ts';
export * from './devices/device-changes.ts';
export * from './devices/host-devices.ts';
export * from './errno.ts';
export {
  closeFd,
  compileSeccomp,
  isSystemCall,
  networkPort,
  peerCredentials,
  pipe,
  readFd,
  setWindowSize,
} from './native.ts';
export type { AddressInfo, LinkInfo, NetworkPort, PeerCredentials, RouteInfo, SeccompPolicy, SeccompRule } from './native.ts';
export * from './linux/idmaps.ts';
export * from './linux/kernel-modules.ts';
export * from './linux/links.ts';
export * from './linux/processes.ts';
export * from './fake/confinement.ts';
export * from './fake/devices.ts';
export * from './fake/links.ts';
export * from './fake/kernel-modules.ts';
export * from './fake/places.ts';
export * from './fake/processes.ts';
export * from './keeper/index.ts';
export * from './programs/index.ts';
export * from './files/index.ts';
export * from './sftp/index.ts';
