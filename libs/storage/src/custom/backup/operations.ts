import type { BackupFiles, PlannedBackup } from '#lib/archive';
import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec } from '#lib/engine';
import type { Confinement } from '#lib/host';
import { RowConflict, type Store, unlessMissing } from '#lib/store';
import type { CustomPlaces } from '../custom-places.ts';
import { type BackedUp, volumeArchive } from './archive.ts';

/** `id`: the volume's. */
export type VolumeBackupParams = { id: string; name: string; backupId: string } & PlannedBackup;
export type VolumeBackupRenameParams = { volume: string; backupId: string; newName: string };
export type VolumeBackupDeleteParams = { id: string; backupId: string };

interface Using {
  store: Store;
  places: CustomPlaces;
  backupFiles: BackupFiles;
  confinement: Confinement;
}
type Nothing = Record<string, never>;

/** The row comes first: from then on the name is taken. */
export function backupMaking({ store, places, backupFiles, confinement }: Using): OperationSpec<VolumeBackupParams, Nothing> {
  return defineOperation<VolumeBackupParams, Nothing>({
    kind: 'volume_backup.create',
    onCrash: 'unwind',
    steps: [
      {
        name: 'reserve',
        rowsOnly: () => true,
        async do() {},
        async commit({ params: { backupId, id, name, backup, alone, createdAt, expiresAt } }, writes) {
          const times = { createdAt: new Date(createdAt), expiresAt: expiresAt === null ? null : new Date(expiresAt) };
          await writes.volumeBackups
            .insert({ id: backupId, ownerId: id, name: backup, alone, ...times })
            .catch(backupTaken(`${name}/${backup}`));
        },
        undo: ({ params }) => store.volumeBackups.delete(params.backupId).catch(unlessMissing),
      },
      {
        name: 'write',
        async do({ params, signal, progress }) {
          const of = await contentOf(store, params);
          const how = { compression: params.compression, confinement, signal, progress };
          await backupFiles.pack(params, how, (packing) => volumeArchive(places, of, packing));
        },
        undo: ({ params }) => backupFiles.remove(params),
      },
    ],
  });
}

/** The volume and its snapshots as they are now: nothing changes their rows while the operation holds the volume. */
async function contentOf(store: Store, { id, alone }: VolumeBackupParams): Promise<BackedUp> {
  const volume = await store.volumes.byId(id);
  const pool = volume && (await store.pools.byId(volume.poolId));
  if (!volume || !pool) throw new LxError('volume.not_found');
  const snapshots = alone ? [] : await store.volumes.snapshots(id);
  return { pool, volume, snapshots: [...snapshots].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()) };
}

/** A name is a row: the file is kept by id. */
export function backupRenaming({ store }: Using): OperationSpec<VolumeBackupRenameParams, Nothing> {
  return defineOperation<VolumeBackupRenameParams, Nothing>({
    kind: 'volume_backup.rename',
    onCrash: 'resume',
    steps: [
      {
        name: 'rename',
        async do({ params }) {
          if (!(await store.volumeBackups.byId(params.backupId))) throw new LxError('volume.backup_not_found');
        },
        commit: ({ params: { backupId, volume, newName } }, writes) =>
          writes.volumeBackups.update(backupId, { name: newName }).catch(backupTaken(`${volume}/${newName}`)),
      },
    ],
  });
}

/** Cannot be undone, so it is resumed: the row goes last, and with it the name. */
export function backupDeleting({ backupFiles }: Using): OperationSpec<VolumeBackupDeleteParams, Nothing> {
  return defineOperation<VolumeBackupDeleteParams, Nothing>({
    kind: 'volume_backup.delete',
    makesRoom: true,
    onCrash: 'resume',
    steps: [
      {
        name: 'remove',
        do: ({ params }) => backupFiles.remove(params),
        commit: ({ params }, writes) => writes.volumeBackups.delete(params.backupId).catch(unlessMissing),
      },
    ],
  });
}

const backupTaken =
  (name: string) =>
  (error: unknown): never => {
    if (!(error instanceof RowConflict)) throw error;
    if (error.constraint === 'volume_backup_volume') throw new LxError('volume.not_found', undefined, { cause: error });
    throw error.constraint === 'volume_backup_name' ? new LxError('backup.exists', { name }, { cause: error }) : error;
  };
