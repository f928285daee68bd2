import { chmod, chown, mkdtemp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { removeTree } from '#lib/host';
import type { PoolRole } from '../../driver.ts';

export const dirPool: PoolRole = {
  /** Owners and modes must stick: they do not on vfat, and not for root on some network mounts. */
  async probe(directory) {
    let place: string | null = null;
    try {
      place = await mkdtemp(join(directory, '.probe-'));
      await chown(place, 65_534, 65_534);
      await chmod(place, 0o4711);
      const { uid, mode } = await stat(place);
      if (uid !== 65_534 || (mode & 0o7777) !== 0o4711) throw new Error('they do not stick');
    } catch (error) {
      const reason = `its file system does not keep owners and modes (${(error as Error).message})`;
      throw new LxError('pool.unusable', { path: directory, reason }, { cause: error });
    } finally {
      if (place !== null) await removeTree(place);
    }
  },

  async prepare() {},
};
