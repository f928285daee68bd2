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
  return defineOperation<RenameParams, RenameState>({
    kind: 'instance.rename',
    onCrash: 'unwind',
    steps: [
      {
        name: 'move',
        async do({ params, state }) {
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
            if (cause instanceof RowConflict) throw new LxError('instance.exists', { name: params.newName }, { cause });
            throw cause;
          }
        },
        async undo({ params }) {
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
