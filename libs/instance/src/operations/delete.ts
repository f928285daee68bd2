import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec } from '#lib/engine';
import type { Store } from '#lib/store';
import type { InstanceDeps } from '../deps.ts';
import { removeLogs } from '../running.ts';
import { deleteVolumeRow, poolOf } from './create.ts';

export type DeleteParams = {
  id: string;
  project: string;
  name: string;
  volume: { pool: string; project: string; instance: string };
};

type DeleteState = { poolId: string };

/** Cannot be undone, so it is resumed: the rows go last, and with them the name. */
export function deleteOperation(deps: InstanceDeps): OperationSpec<DeleteParams, DeleteState> {
  return defineOperation<DeleteParams, DeleteState>({
    kind: 'instance.delete',
    onCrash: 'resume',
    steps: [
      {
        name: 'remove',
        async do({ params, state }) {
          const row = await deps.store.instances.byId(params.id);
          // Root and logs go by name: that may be another's once this row is gone or has been renamed.
          if (row?.project !== params.project || row.name !== params.name) throw new LxError('instance.not_found');
          if (deps.supervision.get(params.id)) throw new LxError('instance.running');
          state.poolId = await removeFiles(deps, params);
        },
        commit: ({ params, state }, store) => removeRows(store, params, state.poolId ?? ''),
      },
    ],
  });
}

/** All of an instance that is down, but its rows. Gives the id of its pool, for `removeRows`. */
export async function removeFiles(deps: InstanceDeps, params: DeleteParams): Promise<string> {
  const poolId = await poolOf(deps, params.volume);
  await Promise.all([deps.storage.deleteRoot(params.volume), removeLogs(deps, params), deps.cgroups.sweep(params.id)]);
  return poolId;
}

export async function removeRows(store: Store, { id, volume }: DeleteParams, poolId: string): Promise<void> {
  if (!(await store.instances.byId(id))) return;
  await deleteVolumeRow(store, poolId, volume);
  await store.instances.delete(id);
}
