export { Attachments, type ChosenDevices, type DeviceChange, hiddenOf, shownOf } from './attachments.ts';
export { claimRefused, claimsOf } from './claims.ts';
export type { AttachedDevice, DeviceHolders, DeviceType } from './device-type.ts';
export { deviceProblems, expandedDeviceProblems, forgotten, lacksOf, madeUpFor, missingOf, newOnes } from './devices.ts';
export { deviceTypes } from './types/index.ts';
export { diskLimits } from './types/disk/limits.ts';
export { isRootDisk, rootDisk, type RootDisk } from './types/disk/root.ts';
export type { AttachedNic } from './types/nic/life.ts';
export { macsOf, type Nic, nicsOf } from './types/nic/nic.ts';
