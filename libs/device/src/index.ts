export * from './devices.ts';
export { isRootDisk, type RootDisk } from './disk.ts';
export { isLinkName, type Nic } from './nic.ts';
