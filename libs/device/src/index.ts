export { Attachments, type ChosenDevices, shownOf } from './attachments.ts';
export { claimRefused, claimsOf } from './claims.ts';
export type { AttachedDevice, DeviceHolders, DeviceType } from './device-type.ts';
export { changesMoreThanLive, deviceProblems, expandedDeviceProblems, forgotten, madeUpFor, missingOf } from './devices.ts';
export { deviceTypes } from './types/index.ts';
export { isRootDisk, rootDisk, type RootDisk } from './types/disk/root.ts';
export type { AttachedNic } from './types/nic/life.ts';
export { macsOf, type Nic, nicsOf } from './types/nic/nic.ts';
