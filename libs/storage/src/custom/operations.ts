import type { Arrivals, BackupFiles } from '#lib/archive';
import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec } from '#lib/engine';
import type { Confinement } from '#lib/host';
import { RowConflict, type Store } from '#lib/store';
import { volumeImporting } from './backup/import-operation.ts';
import { backupDeleting, backupMaking, backupRenaming } from './backup/operations.ts';
import type { VolumePlace } from './custom-places.ts';
import { linkStep, type NamedPlace } from './link-step.ts';
import { making, type MakingUsing, type NewVolumeParams } from './making.ts';
import { volumeTaken } from './refusals.ts';
import {
  restoring,
  type SnapshotCopy,
  snapshotDeleting,
  snapshotMaking,
  snapshotNamed,
  snapshotOf,
  snapshotRenaming,
} from './snapshot-operations.ts';
import { moveWithUsers } from './users.ts';

/** `from`: the volume or snapshot that is copied, null: an empty one is made. */
export type MakeParams = Omit<NewVolumeParams, 'snapshots'> & { from: VolumePlace | null; snapshots: SnapshotCopy[] };
/** `users`: ids of those who name the volume, whose locks the operation holds; they name it anew. */
export type RenameVolumeParams = VolumePlace & { project: string; name: string; newName: string; pool: string; users: string[] };
/** `snapshots`: their ids. */
export type MoveParams = RenameVolumeParams & { toPoolId: string; toPool: string; snapshots: string[] };
export type DeleteVolumeParams = NamedPlace & { snapshots: string[] };

interface Using extends MakingUsing {
  backupFiles: BackupFiles;
  arrivals: Arrivals;
  confinement: Confinement;
}
type Nothing = Record<string, never>;

export type VolumeOperations = ReturnType<typeof volumeOperations>;

/** The operations on custom volumes, by name; register them all. */
export function volumeOperations(using: Using) {
  return {
    create: making('volume.create', using, fillCopy(using)),
    copy: making('volume.copy', using, fillCopy(using)),
    import: volumeImporting(using),
    rename: renaming(using),
    move: moving(using),
    delete: deleting(using),
    restore: restoring(using),
    snapshot: snapshotMaking(using),
    snapshotRename: snapshotRenaming(),
    snapshotDelete: snapshotDeleting(using),
    backup: backupMaking(using),
    backupRename: backupRenaming(using),
    backupDelete: backupDeleting(using),
  };
}

function fillCopy({ places }: Using) {
  return async ({ params: { from, snapshots, ...place } }: { params: MakeParams }) => {
    await (from === null ? places.make(place) : places.copy(from, place));
    for (const each of snapshots) await places.copy(each.from, { poolId: place.poolId, id: each.id });
  };
}

function renaming({ places, ...using }: Using): OperationSpec<RenameVolumeParams, Nothing> {
  return defineOperation<RenameVolumeParams, Nothing>({
    kind: 'volume.rename',
    onCrash: 'resume',
    steps: [
      {
        name: 'rename',
        async do() {},
        commit: ({ params }, writes) => follow(writes, { ...params, toPoolId: params.poolId, toPool: params.pool, snapshots: [] }),
      },
      linkStep({ places, ...using }, ({ poolId, id, project, newName }) => ({ poolId, id, project, name: newName })),
    ],
  });
}

/**
 * The volume keeps its id. Its old data goes once the row says where it is now, and what goes wrong then undoes nothing:
 * it is told of, and the volume has moved.
 */
function moving({ places, store, report }: Using): OperationSpec<MoveParams, Nothing> {
  const all = ({ id, snapshots }: MoveParams) => [id, ...snapshots];
  return defineOperation<MoveParams, Nothing>({
    kind: 'volume.move',
    onCrash: 'resume',
    steps: [
      {
        name: 'copy',
        async do({ params }) {
          for (const id of all(params)) await places.copy({ poolId: params.poolId, id }, { poolId: params.toPoolId, id });
        },
        async undo({ params }) {
          if ((await store.volumes.byId(params.id))?.poolId === params.toPoolId) return;
          for (const id of all(params)) await places.remove({ poolId: params.toPoolId, id });
        },
      },
      {
        name: 'switch',
        async do() {},
        async commit({ params }, writes) {
          await refuseOtherSnapshots(writes, params);
          await follow(writes, params);
        },
      },
      {
        name: 'clear',
        async do({ params }) {
          const { id, project, newName } = params;
          const work = [
            places.unlink(params.poolId, params),
            ...all(params).map((each) => places.remove({ poolId: params.poolId, id: each })),
            places.link(params.toPoolId, { id, project, name: newName }),
          ];
          for (const outcome of await Promise.allSettled(work))
            if (outcome.status === 'rejected') report(`the old place of the volume ${newName}`, outcome.reason);
        },
      },
    ],
  });
}

/** One that came before the operation had the volume's lock is not left behind. */
async function refuseOtherSnapshots(writes: Store, { id, snapshots }: { id: string; snapshots: readonly string[] }): Promise<void> {
  const there = (await writes.volumes.snapshots(id)).map((row) => row.id);
  if (there.some((each) => !snapshots.includes(each))) throw new LxError('volume.snapshots_changed');
}

async function follow(writes: Store, { id, users, project, ...params }: MoveParams): Promise<void> {
  const from = { pool: params.pool, project, name: params.name };
  const to = { pool: params.toPool, project, name: params.newName };
  const change = { poolId: params.toPoolId, name: params.newName };
  await moveWithUsers(writes, { id, change, from, to }, users).catch(volumeTaken);
  for (const each of await writes.volumes.snapshots(id))
    await writes.volumes
      .update(each.id, { poolId: params.toPoolId, name: snapshotNamed(params.newName, snapshotOf(each)) })
      .catch(volumeTaken);
}

/** Its backups go with it: what is kept by its id is found by nobody else. */
function deleting({ places, backupFiles, report }: Using): OperationSpec<DeleteVolumeParams, Nothing> {
  return defineOperation<DeleteVolumeParams, Nothing>({
    kind: 'volume.delete',
    makesRoom: true,
    onCrash: 'resume',
    steps: [
      {
        name: 'forget',
        async do() {},
        commit: async ({ params }, writes) => {
          await refuseOtherSnapshots(writes, params);
          await writes.volumes.deleteAll(params.id).catch(used);
        },
      },
      {
        name: 'remove',
        async do({ params }) {
          await places.unlink(params.poolId, params);
          for (const id of [params.id, ...params.snapshots])
            await places
              .remove({ poolId: params.poolId, id })
              .catch((error: unknown) => report(`the data of the deleted volume ${params.name}`, error));
          await backupFiles.removeAll(params).catch((error: unknown) => report(`the backups of the deleted volume ${params.name}`, error));
        },
      },
    ],
  });
}

/** A device names it, since a moment. */
function used(error: unknown): never {
  throw error instanceof RowConflict ? new LxError('volume.in_use', undefined, { cause: error }) : error;
}
