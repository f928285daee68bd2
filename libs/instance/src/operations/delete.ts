import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec } from '#lib/engine';
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
          state.poolId = await poolOf(deps, params.volume);
          await Promise.all([deps.storage.deleteRoot(params.volume), removeLogs(deps, params), deps.cgroups.sweep(params.id)]);
        },
        async commit({ params, state }, store) {
          if (!(await store.instances.byId(params.id))) return;
          await deleteVolumeRow(store, state.poolId ?? '', params.volume);
          await store.instances.delete(params.id);
        },
      },
    ],
  });
}
