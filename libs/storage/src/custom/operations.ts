import type { JsonObject, StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec, type Step } from '#lib/engine';
import { RowConflict, RowMissing, type Store, unlessMissing } from '#lib/store';
import type { CustomPlaces, VolumePlace } from './custom-places.ts';
import { moveWithUsers } from './users.ts';

/** `from`: the volume that is copied; null: an empty one is made. */
export type MakeParams = VolumePlace & {
  project: string;
  name: string;
  description: string;
  config: StringMap;
  from: VolumePlace | null;
};
/** `users`: ids of those who name the volume, whose locks the operation holds; they name it anew. */
export type RenameVolumeParams = VolumePlace & { project: string; name: string; newName: string; pool: string; users: string[] };
export type MoveParams = RenameVolumeParams & { toPoolId: string; toPool: string };
export type DeleteVolumeParams = VolumePlace & { project: string; name: string };

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
        do: ({ params }) => (params.from === null ? places.make(params) : places.copy(params.from, params)),
        undo: ({ params }) => places.remove(params),
      },
      {
        name: 'row',
        async do() {},
        async commit({ params }, writes) {
          const { id, poolId, project, name, description, config } = params;
          const row = { id, poolId, project, name, description, config, type: 'custom', contentType: 'filesystem' } as const;
          await writes.volumes.insert(row).catch(taken);
        },
        undo: ({ params }) => using.store.volumes.delete(params.id).catch(unlessMissing),
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
        commit: ({ params }, writes) => follow(writes, { ...params, toPoolId: params.poolId, toPool: params.pool }),
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
  const target = ({ toPoolId, id }: MoveParams): VolumePlace => ({ poolId: toPoolId, id });
  return defineOperation<MoveParams, Nothing>({
    kind: 'volume.move',
    onCrash: 'resume',
    steps: [
      {
        name: 'copy',
        do: ({ params }) => places.copy(params, target(params)),
        async undo({ params }) {
          if ((await store.volumes.byId(params.id))?.poolId !== params.toPoolId) await places.remove(target(params));
        },
      },
      {
        name: 'switch',
        async do() {},
        commit: ({ params }, writes) => follow(writes, params),
      },
      {
        name: 'clear',
        async do({ params }) {
          const { id, project, newName } = params;
          const work = [
            places.unlink(params.poolId, params).then(() => places.remove(params)),
            places.link(params.toPoolId, { id, project, name: newName }),
          ];
          for (const outcome of await Promise.allSettled(work))
            if (outcome.status === 'rejected') report(`the old place of the volume ${newName}`, outcome.reason);
        },
      },
    ],
  });
}

async function follow(writes: Store, { id, users, project, ...params }: MoveParams): Promise<void> {
  const from = { pool: params.pool, project, name: params.name };
  const to = { pool: params.toPool, project, name: params.newName };
  const change = { poolId: params.toPoolId, name: params.newName };
  await moveWithUsers(writes, { id, change, from, to }, users).catch(taken);
}

function deleting({ places, report }: Using): OperationSpec<DeleteVolumeParams, Nothing> {
  return defineOperation<DeleteVolumeParams, Nothing>({
    kind: 'volume.delete',
    makesRoom: true,
    onCrash: 'resume',
    steps: [
      { name: 'forget', async do() {}, commit: ({ params }, writes) => writes.volumes.delete(params.id).catch(used).catch(unlessMissing) },
      {
        name: 'remove',
        async do({ params }) {
          await places.unlink(params.poolId, params);
          await places.remove(params).catch((error: unknown) => report(`the data of the deleted volume ${params.name}`, error));
        },
      },
    ],
  });
}

/** The link is for people: one that cannot be made is put in order by the next start. */
function linkStep<P extends JsonObject & DeleteVolumeParams>(
  { places, report }: Using,
  as: (params: P) => DeleteVolumeParams = (params) => params,
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
