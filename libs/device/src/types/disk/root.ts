import { type DeviceMap, parseBytes, type StringMap } from '#lib/base';

/** The root disk: the pool that holds the instance. */
export interface RootDisk {
  device: string;
  pool: string;
  /** Bytes that it may take; null: any number. */
  size: number | null;
}

export function isRootDisk(given: StringMap): boolean {
  return given.type === 'disk' && given.path === '/' && !given.source;
}

/** Of devices without problems. */
export function rootDisk(devices: DeviceMap): RootDisk | null {
  const found = Object.entries(devices).find(([, options]) => isRootDisk(options));
  return found ? { device: found[0], pool: found[1].pool ?? '', size: parseBytes(found[1].size ?? '') || null } : null;
}
