import type { DeviceMap, StringMap } from '#lib/base';
import { defineOperation, type OperationSpec } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { InstanceDeps } from '../deps.ts';
import { expand } from '../expand.ts';
import { cgroupLimits } from '../limits.ts';

/** What a client may change of an instance. */
export type InstanceChange = {
  description: string;
  ephemeral: boolean;
  config: StringMap;
  volatile: StringMap;
  devices: DeviceMap;
  profiles: string[];
};
export type UpdateParams = { id: string; name: string; before: InstanceChange; after: InstanceChange };

/** Live limits first, because the kernel may refuse them; then the row. */
export function updateOperation(deps: InstanceDeps): OperationSpec<UpdateParams, Record<string, never>> {
  return defineOperation<UpdateParams, Record<string, never>>({
    kind: 'instance.update',
    onCrash: 'unwind',
    steps: [
      {
        name: 'apply',
        do: ({ params, project }) => applyLimits(deps, params.id, project, params.after),
        commit: ({ params }, store) => store.instances.update(params.id, params.after),
        undo: ({ params, project }) => applyLimits(deps, params.id, project, params.before),
      },
    ],
  });
}

/** Puts the limits of this config into force, if the instance runs. */
export async function applyLimits(
  deps: InstanceDeps,
  id: string,
  project: string,
  wanted: Pick<InstanceRow, 'config' | 'devices' | 'profiles'>,
): Promise<void> {
  if (!deps.supervision.get(id)) return;
  const { config } = expand(await deps.store.profiles.many(project, wanted.profiles), wanted);
  await deps.cgroups.apply(id, cgroupLimits(config, { totalMemory: deps.host.totalMemory, onlineCpus: deps.host.onlineCpus }));
}
