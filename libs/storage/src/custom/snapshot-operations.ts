import type { StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec } from '#lib/engine';
import { RowConflict, RowMissing, type Store, unlessMissing, type VolumeRow } from '#lib/store';
import type { CustomPlaces, VolumePlace } from './custom-places.ts';
import { attachedTo, refuseStrangers } from './users.ts';

/** A snapshot that is to be. */
export type NewSnapshot = {
  id: string;
  /** Without the volume's. */
  name: string;
  description: string;
  config: StringMap;
  /** RFC 3339. */
  createdAt: string;
  /** null: never. */
  expiresAt: string | null;
};
/** Like another one, of another volume. */
export type SnapshotCopy = NewSnapshot & { from: VolumePlace };

/** The volume, and what is to become of it. */
export type SnapshotParams = VolumePlace & { project: string; name: string; snapshot: NewSnapshot };
export type SnapshotRenameParams = { id: string; volume: string; newName: string };
export type SnapshotDeleteParams = VolumePlace & { name: string };
/** `users`: as in a rename of the volume. */
export type RestoreParams = VolumePlace & { pool: string; project: string; name: string; snapshotId: string; users: string[] };

interface Using {
  store: Store;
  places: CustomPlaces;
  report: (message: string, cause: unknown) => void;
}
type Nothing = Record<string, never>;

/** The data comes first: a snapshot that can be seen is whole. */
export function snapshotMaking({ store, places }: Using): OperationSpec<SnapshotParams, Nothing> {
  const place = ({ poolId, snapshot: { id } }: SnapshotParams): VolumePlace => ({ poolId, id });
  return defineOperation<SnapshotParams, Nothing>({
    kind: 'volume_snapshot.create',
    onCrash: 'unwind',
    steps: [
      {
        name: 'data',
        do: ({ params }) => places.copy(params, place(params)),
        undo: ({ params }) => places.remove(place(params)),
      },
      {
        name: 'row',
        async do() {},
        commit: async ({ params }, writes) => {
          await writes.volumes.insert(snapshotRow(params, params.snapshot)).catch(snapshotTaken(params.snapshot.name));
        },
        undo: ({ params }) => store.volumes.delete(params.snapshot.id).catch(unlessMissing),
      },
    ],
  });
}

export function snapshotRenaming(): OperationSpec<SnapshotRenameParams, Nothing> {
  return defineOperation<SnapshotRenameParams, Nothing>({
    kind: 'volume_snapshot.rename',
    onCrash: 'resume',
    steps: [
      {
        name: 'rename',
        async do() {},
        commit: ({ params: { id, volume, newName } }, writes) =>
          writes.volumes.update(id, { name: snapshotNamed(volume, newName) }).catch(snapshotTaken(newName)),
      },
    ],
  });
}

export function snapshotDeleting({ places, report }: Using): OperationSpec<SnapshotDeleteParams, Nothing> {
  return defineOperation<SnapshotDeleteParams, Nothing>({
    kind: 'volume_snapshot.delete',
    makesRoom: true,
    onCrash: 'resume',
    steps: [
      { name: 'forget', async do() {}, commit: ({ params }, writes) => writes.volumes.delete(params.id).catch(unlessMissing) },
      {
        name: 'remove',
        do: ({ params }) =>
          places.remove(params).catch((error: unknown) => report(`the data of the deleted snapshot ${params.name}`, error)),
      },
    ],
  });
}

/**
 * What the volume holds is given up, so it is resumed. The volume's row is locked while the content changes: whoever begins to
 * use it refers to that row, and waits.
 */
export function restoring({ store, places, report }: Using): OperationSpec<RestoreParams, Nothing> {
  return defineOperation<RestoreParams, Nothing>({
    kind: 'volume.restore',
    onCrash: 'resume',
    steps: [
      {
        name: 'restore',
        async do({ params }) {
          const from = { poolId: params.poolId, id: params.snapshotId };
          let exchanged = false;
          let clear = async () => {};
          await places.stage(from, params);
          const locked = store.tx(async (writes) => {
            if ((await writes.volumes.lock(params.id)) === null) throw new LxError('volume.not_found');
            await refuseStrangers(writes, params.id, params.users);
            if ((await attachedTo(writes, params)).length > 0) throw new LxError('volume.restore_running');
            clear = await places.exchange(from, params);
            exchanged = true;
          });
          // The transaction writes nothing: once the content is there, its end is nobody's concern.
          await locked.catch((error: unknown) => {
            if (!exchanged) throw error;
          });
          await clear().catch((error: unknown) => report(`what the volume ${params.name} held before`, error));
        },
        undo: ({ params }) => places.unstage({ poolId: params.poolId, id: params.snapshotId }, params),
      },
    ],
  });
}

/** The row of a volume's snapshot. */
export function snapshotRow({ id: parentId, poolId, project, name }: VolumePlace & { project: string; name: string }, of: NewSnapshot) {
  return {
    ...{ id: of.id, parentId, poolId, project, description: of.description, config: of.config },
    name: snapshotNamed(name, of.name),
    ...({ type: 'custom', contentType: 'filesystem' } as const),
    createdAt: new Date(of.createdAt),
    expiresAt: of.expiresAt === null ? null : new Date(of.expiresAt),
  };
}

/** The name of a snapshot's row. No name of a volume or a snapshot holds a slash. */
export function snapshotNamed(volume: string, snapshot: string): string {
  return `${volume}/${snapshot}`;
}

/** The name of a snapshot without its volume's. */
export function snapshotOf({ name }: Pick<VolumeRow, 'name'>): string {
  return name.slice(name.indexOf('/') + 1);
}

const snapshotTaken =
  (name: string) =>
  (error: unknown): never => {
    if (error instanceof RowMissing) throw new LxError('volume.snapshot_not_found', undefined, { cause: error });
    if (!(error instanceof RowConflict)) throw error;
    if (error.constraint === 'volume_parent') throw new LxError('volume.not_found', undefined, { cause: error });
    throw new LxError('volume.snapshot_exists', { name }, { cause: error });
  };
