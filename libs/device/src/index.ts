export * from './devices.ts';
export { isRootDisk, type RootDisk } from './disk.ts';
export { isLinkName, isUnicastMac, type Nic } from './nic.ts';
