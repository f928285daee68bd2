import { BackupIndexBody } from '#dto';
import type { JsonObject } from '#lib/base';
import { LxError } from '#lib/contract';
import type { BackupIndex } from '#lib/instance';
import { parseJson } from '../rim/body.ts';
import { parseBody } from '../rim/parse-body.ts';

/** The index of a backup, under the rules that bodies of requests are under. */
export function readBackupIndex(document: JsonObject): BackupIndex {
  const { name, pool, type, optimized, snapshots, config } = parseBody(BackupIndexBody, parseJson(JSON.stringify(document)));
  if (type === 'custom')
    throw new LxError('backup.invalid', { reason: 'it is of a custom volume, not of an instance; import it as a volume' });
  const instance = config?.container ?? config?.instance;
  if (!instance)
    throw new LxError('backup.invalid', { reason: 'its index does not describe the instance, as those of old versions of LXD' });
  return { name, pool, type, optimized: optimized ?? false, snapshots: snapshots ?? [], instance, states: config?.snapshots ?? [] };
}
