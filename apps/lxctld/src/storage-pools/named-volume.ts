import { LxError, refuse } from '#lib/contract';
import type { Call } from '../rim/call.ts';
import { volumeTypes } from './pools.presenter.ts';

/** The pieces of the path of what belongs to a volume. */
export interface VolumeAt {
  pool: string;
  type: string;
  name: string;
}

export function refuseUnknownType(type: string): void {
  refuse(volumeTypes.includes(type) ? [] : ['Invalid storage volume type name']);
}

/** A custom volume that a request names: no other is changed by its own URL. */
export function namedVolume(pool: string, type: string, name: string, call: Call) {
  refuseUnknownType(type);
  if (type !== 'custom') throw new LxError('feature.not_implemented', { what: `changes and state of storage volumes of type "${type}"` });
  return { pool, project: call.projectOf('storage.volumes'), name };
}
