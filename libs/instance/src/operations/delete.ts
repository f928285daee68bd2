import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defineOperation, type OperationSpec } from '#lib/engine';
import type { InstanceDeps } from '../deps.ts';
import { logDirectory } from '../running.ts';
import { deleteVolumeRow } from './create.ts';

export type DeleteParams = {
  id: string;
  project: string;
  name: string;
  volume: { pool: string; project: string; instance: string };
};

/** Cannot be undone, so it is resumed: the rows go last, and with them the name. */
export function deleteOperation(deps: InstanceDeps): OperationSpec<DeleteParams, Record<string, never>> {
  return defineOperation<DeleteParams, Record<string, never>>({
    kind: 'instance.delete',
    onCrash: 'resume',
    steps: [
      {
        name: 'remove',
        async do({ params }) {
          await Promise.all([
            deps.storage.deleteRoot(params.volume),
            rm(join(deps.host.logsDir, logDirectory(params)), { recursive: true, force: true }),
            deps.cgroups.sweep(params.id),
          ]);
        },
        async commit({ params }, store) {
          if (!(await store.instances.byId(params.id))) return;
          await deleteVolumeRow(deps, store, params.volume);
          await store.instances.delete(params.id);
        },
      },
    ],
  });
}
