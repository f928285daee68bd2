import type { StringMap } from '#lib/base';
import type { OperationKind } from '#lib/contract';
import { defineOperation, type OperationSpec, type StepContext } from '#lib/engine';
import type { Store } from '#lib/store';
import type { CustomPlaces, VolumePlace } from './custom-places.ts';
import { linkStep } from './link-step.ts';
import { volumeTaken } from './refusals.ts';
import { type NewSnapshot, snapshotRow } from './snapshot-operations.ts';

/** A volume that is to be; `snapshots`: those that come with it. */
export type NewVolumeParams = VolumePlace & {
  project: string;
  name: string;
  description: string;
  config: StringMap;
  /** RFC 3339; null: now. */
  createdAt: string | null;
  snapshots: NewSnapshot[];
};

export interface MakingUsing {
  store: Store;
  places: CustomPlaces;
  report: (message: string, cause: unknown) => void;
}
type Nothing = Record<string, never>;

/** `fill` makes the data of the volume and of its snapshots. It comes first: a volume that can be seen is whole. */
export function making<P extends NewVolumeParams>(
  kind: OperationKind,
  { store, places, report }: MakingUsing,
  fill: (context: StepContext<P, Nothing>) => Promise<void>,
): OperationSpec<P, Nothing> {
  return defineOperation<P, Nothing>({
    kind,
    onCrash: 'unwind',
    steps: [
      {
        name: 'data',
        do: fill,
        async undo({ params }) {
          for (const { id } of [params, ...params.snapshots]) await places.remove({ poolId: params.poolId, id });
        },
      },
      {
        name: 'row',
        async do() {},
        async commit({ params }, writes) {
          const { id, poolId, project, name, description, config, createdAt } = params;
          const row = { id, poolId, project, name, description, config, type: 'custom', contentType: 'filesystem' } as const;
          await writes.volumes.insert({ ...row, ...(createdAt !== null && { createdAt: new Date(createdAt) }) }).catch(volumeTaken);
          for (const each of params.snapshots) await writes.volumes.insert(snapshotRow(params, each)).catch(volumeTaken);
        },
        undo: ({ params }) => store.volumes.deleteAll(params.id),
      },
      { ...linkStep<P>({ places, report }), undo: ({ params }) => places.unlink(params.poolId, params) },
    ],
  });
}
