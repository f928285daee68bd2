import type { StringMap } from '#lib/base';
import { isLxError } from '#lib/contract';
import type { DeviceHolders, DeviceOwner } from '../../device-type.ts';

/** Whether a disk is a custom volume of a pool. Of others the source is a path of the host, or there is none. */
export function isVolume({ pool, source }: StringMap): boolean {
  return Boolean(pool) && Boolean(source);
}

/** What a disk names that is not there, each text in LXD's words. */
export async function missingVolume(
  { storage }: Pick<DeviceHolders, 'storage'>,
  { project }: Pick<DeviceOwner, 'project'>,
  device: string,
  { pool = '', source = '' }: StringMap,
): Promise<string[]> {
  const failed = (text: string) => [`Failed add validation for device ${JSON.stringify(device)}: ${text}`];
  try {
    await storage.volumes.custom(pool, project, source);
    return [];
  } catch (error) {
    if (isLxError(error, 'pool.not_found')) return failed(`Failed to get storage pool ${JSON.stringify(pool)}: ${error.message}`);
    if (isLxError(error, 'volume.not_found')) return failed(noVolume);
    throw error;
  }
}

export const noVolume = 'Failed loading custom volume: Storage volume not found';
