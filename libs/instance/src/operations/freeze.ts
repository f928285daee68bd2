import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec } from '#lib/engine';
import type { InstanceDeps } from '../deps.ts';

export type FreezeParams = { id: string; name: string };

export function freezeOperation(deps: InstanceDeps): OperationSpec<FreezeParams, Record<string, never>> {
  return defineOperation<FreezeParams, Record<string, never>>({
    kind: 'instance.freeze',
    onCrash: 'unwind',
    steps: [
      {
        name: 'freeze',
        async do({ params }) {
          if (!deps.supervision.get(params.id)) throw new LxError('instance.not_running');
          await deps.cgroups.freeze(params.id);
        },
        async undo({ params }) {
          if (deps.supervision.get(params.id)) await deps.cgroups.unfreeze(params.id);
        },
      },
    ],
  });
}

export function unfreezeOperation(deps: InstanceDeps): OperationSpec<FreezeParams, Record<string, never>> {
  return defineOperation<FreezeParams, Record<string, never>>({
    kind: 'instance.unfreeze',
    onCrash: 'resume',
    steps: [
      {
        name: 'unfreeze',
        async do({ params }) {
          if (!deps.supervision.get(params.id)) throw new LxError('instance.not_running');
          await deps.cgroups.unfreeze(params.id);
        },
      },
    ],
  });
}
