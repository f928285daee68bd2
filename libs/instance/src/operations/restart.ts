import { defineOperation, type OperationSpec } from '#lib/engine';
import { LxError } from '#lib/contract';
import type { InstanceDeps } from '../deps.ts';
import type { Runner } from '../running.ts';
import { type StopState, stopStep } from './stop.ts';

export type RestartParams = { id: string; name: string; force: boolean; timeout: number };

/** Resumed after a crash: whoever asked for a restart wants a running instance. */
export function restartOperation(deps: InstanceDeps, runner: Runner): OperationSpec<RestartParams, StopState> {
  return defineOperation<RestartParams, StopState>({
    kind: 'instance.restart',
    onCrash: 'resume',
    steps: [
      stopStep(deps, runner),
      {
        name: 'launch',
        async do({ params, state }) {
          const row = await deps.store.instances.byId(params.id);
          if (!row) throw new LxError('instance.not_found');
          if (deps.supervision.get(params.id)) return;
          state.volatile = (await runner.up(row)).volatile;
        },
        async commit({ params, state }, store) {
          await store.instances.update(params.id, { power: 'running', lastUsedAt: deps.now() });
          await store.instances.mergeVolatile(params.id, state.volatile ?? {});
        },
        async undo({ params }) {
          const row = await deps.store.instances.byId(params.id);
          if (row) await deps.store.instances.mergeVolatile(params.id, await runner.down(row));
        },
      },
    ],
  });
}
