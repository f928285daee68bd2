import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { btrfsUuid, makeSubvolume, removeTree, snapshotSubvolume, sweepSubvolumeGroups } from '#lib/host';
import type { PoolRole } from '../../driver.ts';

export const btrfsPool: PoolRole = {
  async probe(directory) {
    const unusable = (reason: string, cause?: unknown) => new LxError('pool.unusable', { path: directory, reason }, { cause });
    if ((await btrfsUuid(directory)) === null) throw unusable('it is not on a btrfs file system');
    let place: string | null = null;
    try {
      place = await mkdtemp(join(directory, '.probe-'));
      await makeSubvolume(join(place, 'one'));
      await snapshotSubvolume(join(place, 'one'), join(place, 'two'));
    } catch (error) {
      throw unusable(`its file system makes no snapshots (${(error as Error).message})`, error);
    } finally {
      if (place !== null) await removeTree(place);
    }
  },

  /** What is left of quotas of trees that are gone keeps no pool from being used. */
  async prepare(directory) {
    await sweepSubvolumeGroups(directory).catch(() => {});
  },
};
