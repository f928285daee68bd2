import type { DeviceMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { rootDisk } from '#lib/device';
import type { InstanceRow } from '#lib/store';

/** The root volume as an operation's parameters carry it: a type, because JSON. */
export type RootVolumeOf = { pool: string; project: string; instance: string };

/** By the root disk of the expanded devices. LxError 'request.invalid' where there is none. */
export function rootVolume(row: Pick<InstanceRow, 'project' | 'name'>, devices: DeviceMap): RootVolumeOf {
  const root = rootDisk(devices);
  if (!root) throw new LxError('request.invalid', { problems: ['Failed detecting root disk device: No root device could be found'] });
  return { pool: root.pool, project: row.project, instance: row.name };
}
