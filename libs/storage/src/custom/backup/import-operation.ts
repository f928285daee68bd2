import { type Arrivals, type ShiftedIds, unpackBackup, unshifted, volumeBackup } from '#lib/archive';
import type { OperationSpec } from '#lib/engine';
import type { Confinement } from '#lib/host';
import { making, type MakingUsing, type NewVolumeParams } from '../making.ts';
import type { NewSnapshot } from '../snapshot-operations.ts';

/** `shifts`: which ids of another host its files have. */
export type ImportedSnapshot = NewSnapshot & { shifts: ShiftedIds[] };
export type VolumeImportParams = Omit<NewVolumeParams, 'snapshots'> & {
  /** Id of the file that has arrived. */
  arrived: string;
  shifts: ShiftedIds[];
  snapshots: ImportedSnapshot[];
};

type Using = MakingUsing & { arrivals: Arrivals; confinement: Confinement };

/** A volume, with its snapshots, of a backup. */
export function volumeImporting(using: Using): OperationSpec<VolumeImportParams, Record<string, never>> {
  const { places, arrivals, confinement } = using;
  return making<VolumeImportParams>('volume.import', using, async ({ params, signal, progress }) => {
    const { poolId, id, snapshots } = params;
    progress({ create_volume_from_backup_progress: 'Unpacking backup' });
    await places.fill(poolId, async (directory) => {
      const backup = await unpackBackup(directory, {
        ...{ kind: volumeBackup, path: arrivals.path(params.arrived), owners: ownersBy(params.shifts) },
        snapshots: new Map(snapshots.map(({ name, shifts }) => [name, ownersBy(shifts)])),
        ...{ confinement, signal },
      });
      const taken = snapshots.map((snapshot) => ({ id: snapshot.id, tree: backup.snapshot(snapshot.name) }));
      return [...taken, { id, tree: backup.whole }];
    });
  });
}

const ownersBy = (shifts: readonly ShiftedIds[]) => (shifts.length > 0 ? unshifted(shifts) : null);
