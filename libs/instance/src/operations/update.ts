import { isDeepStrictEqual } from 'node:util';
import type { DeviceMap, StringMap } from '#lib/base';
import { LxError, refuse } from '#lib/contract';
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
  devices: DeviceMap;
  profiles: string[];
};
export type UpdateParams = {
  id: string;
  name: string;
  /** What the change was made from: when the row is another by now, the change would undo somebody's. */
  before: InstanceChange;
  after: InstanceChange;
  /** Keys to set. */
  volatile: StringMap;
  /** The devices change, which a running instance cannot bear. */
  newDevices: boolean;
};

/** Live limits first, because the kernel may refuse them; then the row. */
export function updateOperation(deps: InstanceDeps): OperationSpec<UpdateParams, Record<string, never>> {
  return defineOperation<UpdateParams, Record<string, never>>({
    kind: 'instance.update',
    onCrash: 'unwind',
    steps: [
      {
        name: 'apply',
        async do({ params, project }) {
          const row = await deps.store.instances.byId(params.id);
          if (!row) throw new LxError('instance.not_found');
          if (!isDeepStrictEqual(changeable(row), params.before)) throw new LxError('instance.changed');
          if (params.newDevices && deps.supervision.get(params.id)) refuse([devicesAreFixed]);
          await applyLimits(deps, params.id, project, params.after);
        },
        async commit({ params }, store) {
          await store.instances.update(params.id, params.after);
          await store.instances.mergeVolatile(params.id, params.volatile);
        },
        async undo({ params, project }) {
          const row = await deps.store.instances.byId(params.id);
          if (row) await applyLimits(deps, params.id, project, row);
        },
      },
    ],
  });
}

export const devicesAreFixed = 'Devices of a running instance cannot be changed by this server: stop it first';

/** The fields of a row that a client may change. */
export function changeable({ description, ephemeral, config, devices, profiles }: InstanceRow): InstanceChange {
  return { description, ephemeral, config, devices, profiles };
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
