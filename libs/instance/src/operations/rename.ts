import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { defineOperation, type OperationSpec } from '#lib/engine';
import { LxError } from '#lib/contract';
import { RowConflict } from '#lib/store';
import type { InstanceDeps } from '../deps.ts';
import { logDirectory } from '../running.ts';
import { poolOf } from './create.ts';

export type RenameParams = {
  id: string;
  project: string;
  name: string;
  newName: string;
  volume: { pool: string; project: string; instance: string };
};

type RenameState = { poolId: string };

export function renameOperation(deps: InstanceDeps): OperationSpec<RenameParams, RenameState> {
  const move = async ({ project }: RenameParams, from: string, to: string) => {
    const path = (name: string) => join(deps.host.logsDir, logDirectory({ project, name }));
    await rename(path(from), path(to)).catch(ignoreMissing);
  };
  const taken = async ({ id, project, newName }: RenameParams) => {
    const other = await deps.store.instances.get(project, newName);
    return other !== null && other.id !== id;
  };
  return defineOperation<RenameParams, RenameState>({
    kind: 'instance.rename',
    onCrash: 'unwind',
    steps: [
      {
        name: 'move',
        async do({ params, state }) {
          const row = await deps.store.instances.byId(params.id);
          if (row?.name !== params.name) throw new LxError('instance.not_found');
          if (deps.supervision.get(params.id)) throw new LxError('instance.running');
          if (await taken(params)) throw new LxError('instance.exists', { name: params.newName });
          state.poolId = await poolOf(deps, params.volume);
          await deps.storage.renameRoot(params.volume, params.newName);
          await move(params, params.name, params.newName);
        },
        async commit({ params, state }, store) {
          const volume = await store.volumes.get(state.poolId ?? '', params.project, 'container', params.name);
          try {
            await store.instances.update(params.id, { name: params.newName });
            if (volume) await store.volumes.update(volume.id, { name: params.newName });
          } catch (cause) {
            if (cause instanceof RowConflict) throw new LxError('instance.name_in_use', { name: params.newName }, { cause });
            throw cause;
          }
        },
        async undo({ params }) {
          const row = await deps.store.instances.byId(params.id);
          // Nothing has been moved where the row or the new name was another's: what lies there now is not ours.
          if (row?.name !== params.name || deps.supervision.get(params.id) || (await taken(params))) return;
          await deps.storage.renameRoot({ ...params.volume, instance: params.newName }, params.name);
          await move(params, params.newName, params.name);
        },
      },
    ],
  });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
