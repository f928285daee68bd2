import { VolumeBackupIndexBody } from '#dto';
import type { JsonObject } from '#lib/base';
import { LxError, never } from '#lib/contract';
import type { VolumeBackupIndex } from '#lib/storage';
import { parseJson } from '../rim/body.ts';
import { parseBody } from '../rim/parse-body.ts';

/** The index of a volume's backup, under the rules that bodies of requests are under. */
export function readVolumeBackupIndex(document: JsonObject): VolumeBackupIndex {
  const { name, type, optimized, snapshots, config } = parseBody(VolumeBackupIndexBody, parseJson(JSON.stringify(document)));
  const volume = config?.volume;
  // That it is of something else says more.
  if (!volume && (type === 'custom' || type === ''))
    throw new LxError('backup.invalid', { reason: 'its index does not describe the volume, as those of old versions of LXD' });
  const states = (config?.volume_snapshots ?? []).map(({ expires_at, ...state }) => ({ ...state, expires_at: expires_at ?? never }));
  return { name, type, optimized: optimized ?? false, snapshots: snapshots ?? [], volume: volume ?? nothing, states };
}

const nothing = { name: '', description: '', config: {}, content_type: '', created_at: '' };
