import type { JsonObject, StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec, type Step } from '#lib/engine';
import { RowConflict, RowMissing, type Store } from '#lib/store';
import type { CustomPlaces, VolumePlace } from './custom-places.ts';
import {
  restoring,
  type SnapshotCopy,
  snapshotDeleting,
  snapshotMaking,
  snapshotNamed,
  snapshotOf,
  snapshotRenaming,
  snapshotRow,
} from './snapshot-operations.ts';
import { moveWithUsers } from './users.ts';

/** `from`: the volume or snapshot that is copied, null: an empty one is made; `snapshots`: those that come with it. */
export type MakeParams = VolumePlace & {
  project: string;
  name: string;
  description: string;
  config: StringMap;
  from: VolumePlace | null;
  snapshots: SnapshotCopy[];
};
/** `users`: ids of those who name the volume, whose locks the operation holds; they name it anew. */
export type RenameVolumeParams = VolumePlace & { project: string; name: string; newName: string; pool: string; users: string[] };
/** `snapshots`: their ids. */
export type MoveParams = RenameVolumeParams & { toPoolId: string; toPool: string; snapshots: string[] };
export type DeleteVolumeParams = NamedPlace & { snapshots: string[] };
type NamedPlace = VolumePlace & { project: string; name: string };

interface Using {
  store: Store;
  places: CustomPlaces;
  report: (message: string, cause: unknown) => void;
}
type Nothing = Record<string, never>;

export type VolumeOperations = ReturnType<typeof volumeOperations>;

/** The operations on custom volumes, by name; register them all. */
export function volumeOperations(using: Using) {
  return {
    create: make('volume.create', using),
    copy: make('volume.copy', using),
    rename: renaming(using),
    move: moving(using),
    delete: deleting(using),
    restore: restoring(using),
    snapshot: snapshotMaking(using),
    snapshotRename: snapshotRenaming(),
    snapshotDelete: snapshotDeleting(using),
  };
}

/** The data comes first: a volume that can be seen is whole. */
function make(kind: 'volume.create' | 'volume.copy', { places, ...using }: Using): OperationSpec<MakeParams, Nothing> {
  return defineOperation<MakeParams, Nothing>({
    kind,
    onCrash: 'unwind',
    steps: [
      {
        name: 'data',
        async do({ params }) {
          await (params.from === null ? places.make(params) : places.copy(params.from, params));
          for (const { id, from } of params.snapshots) await places.copy(from, { poolId: params.poolId, id });
        },
        async undo({ params }) {
          for (const { id } of [params, ...params.snapshots]) await places.remove({ poolId: params.poolId, id });
        },
      },
      {
        name: 'row',
        async do() {},
        async commit({ params }, writes) {
          const { id, poolId, project, name, description, config } = params;
          const row = { id, poolId, project, name, description, config, type: 'custom', contentType: 'filesystem' } as const;
          await writes.volumes.insert(row).catch(taken);
          for (const each of params.snapshots) await writes.volumes.insert(snapshotRow(params, each)).catch(taken);
        },
        undo: ({ params }) => using.store.volumes.deleteAll(params.id),
      },
      { ...linkStep({ places, ...using }), undo: ({ params }) => places.unlink(params.poolId, params) },
    ],
  });
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
  await moveWithUsers(writes, { id, change, from, to }, users).catch(taken);
  for (const each of await writes.volumes.snapshots(id))
    await writes.volumes.update(each.id, { poolId: params.toPoolId, name: snapshotNamed(params.newName, snapshotOf(each)) }).catch(taken);
}

function deleting({ places, report }: Using): OperationSpec<DeleteVolumeParams, Nothing> {
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
        },
      },
    ],
  });
}

/** The link is for people: one that cannot be made is put in order by the next start. */
function linkStep<P extends JsonObject & NamedPlace>(
  { places, report }: Using,
  as: (params: P) => NamedPlace = (params) => params,
): Step<P, Nothing> {
  return {
    name: 'link',
    async do({ params }) {
      const volume = as(params);
      try {
        if (volume.name !== params.name) await places.unlink(params.poolId, params);
        await places.link(volume.poolId, volume);
      } catch (error) {
        report(`the link of the volume ${volume.name}`, error);
      }
    },
  };
}

/** A device names it, since a moment. */
function used(error: unknown): never {
  throw error instanceof RowConflict ? new LxError('volume.in_use', undefined, { cause: error }) : error;
}

function taken(error: unknown): never {
  if (error instanceof RowMissing) throw new LxError('volume.not_found', undefined, { cause: error });
  if (!(error instanceof RowConflict)) throw error;
  throw new LxError(error.constraint === 'volume_pool' ? 'pool.not_found' : 'volume.exists', undefined, { cause: error });
}
