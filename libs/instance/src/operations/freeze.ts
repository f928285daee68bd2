import { defineOperation, type OperationSpec } from '#lib/engine';
import type { InstanceDeps } from '../deps.ts';

export type FreezeParams = { id: string; name: string };

export function freezeOperation(deps: InstanceDeps): OperationSpec<FreezeParams, Record<string, never>> {
  return defineOperation<FreezeParams, Record<string, never>>({
    kind: 'instance.freeze',
    onCrash: 'unwind',
    steps: [{ name: 'freeze', do: ({ params }) => deps.cgroups.freeze(params.id), undo: ({ params }) => deps.cgroups.unfreeze(params.id) }],
  });
}

export function unfreezeOperation(deps: InstanceDeps): OperationSpec<FreezeParams, Record<string, never>> {
  return defineOperation<FreezeParams, Record<string, never>>({
    kind: 'instance.unfreeze',
    onCrash: 'resume',
    steps: [{ name: 'unfreeze', do: ({ params }) => deps.cgroups.unfreeze(params.id) }],
  });
}
