import { defineOperation, type OperationSpec } from '#lib/engine';
import { LxError } from '#lib/contract';
import type { InstanceDeps } from '../deps.ts';
import type { Runner, VolatileChange } from '../running.ts';

export type StartParams = { id: string; name: string };
type StartState = { volatile: VolatileChange /** It ran already: not ours to undo. */; refused: boolean };

/** `PUT state start`. Killed half way, the next daemon takes down what was up. */
export function startOperation(deps: InstanceDeps, runner: Runner): OperationSpec<StartParams, StartState> {
  return defineOperation<StartParams, StartState>({
    kind: 'instance.start',
    onCrash: 'unwind',
    steps: [
      {
        name: 'launch',
        async do({ params, state }) {
          const row = await deps.store.instances.byId(params.id);
          if (!row) throw new LxError('instance.not_found');
          if (deps.supervision.get(row.id)) {
            state.refused = true;
            throw new LxError('instance.already_running');
          }
          state.volatile = (await runner.up(row)).volatile;
        },
        async commit({ params, state }, store) {
          await store.instances.update(params.id, { power: 'running', lastUsedAt: deps.now() });
          await store.instances.mergeVolatile(params.id, state.volatile ?? {});
        },
        async undo({ params, state }) {
          if (state.refused) return;
          const row = await deps.store.instances.byId(params.id);
          if (!row) return;
          const volatile = await runner.down(row);
          await deps.store.instances.mergeVolatile(params.id, volatile);
          await deps.store.instances.update(params.id, { power: 'stopped' });
        },
      },
    ],
  });
}
