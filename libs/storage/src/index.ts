export type { StorageDriver } from './driver.ts';
export { storageDrivers } from './drivers/index.ts';
export { volumeOwner } from './pool-references.ts';
export { PoolStorage, type PoolStorageParts } from './pool-storage.ts';
export { CustomVolumes, type NewVolume } from './custom/custom-volumes.ts';
export { volumeOperations } from './custom/operations.ts';
export { linkName } from './layout.ts';
export * from './storage.ts';
