import type { StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import type { Step } from '#lib/engine';
import type { Store } from '#lib/store';
import type { VolatileChange } from '../attachments.ts';
import { knownRow } from '../read/rows.ts';
import type { Runner } from '../runner.ts';
import type { Supervision } from '../supervision.ts';

export interface LaunchUsing {
  store: Store;
  supervision: Supervision;
  runner: Runner;
  now: () => Date;
}
/** `start: false` makes the step do nothing. `hostNames`: of the nics, by device, where a resumed operation must know them. */
export type LaunchParams = { id: string; start?: boolean; hostNames?: StringMap };
export type LaunchState = { volatile: VolatileChange /** It ran already: not ours to undo. */; refused: boolean };

/**
 * The step that brings an instance up. `running`: what to do with an instance that is up: one that a resumed operation
 * started is kept, one that somebody else started is refused.
 */
export function launchStep<P extends LaunchParams, S extends LaunchState>(
  { store, supervision, runner, now }: LaunchUsing,
  running: 'keep' | 'refuse',
): Step<P, S> {
  return {
    name: 'launch',
    async do({ params, state }) {
      if (params.start === false) return;
      const row = await knownRow(store, params.id);
      if (supervision.get(row.id)) {
        if (running === 'keep') {
          state.volatile = await runner.found(row, params.hostNames ?? {});
          return;
        }
        state.refused = true;
        throw new LxError('instance.already_running');
      }
      state.volatile = (await runner.up(row, params.hostNames)).volatile;
    },
    async commit({ params, state }, writes) {
      if (params.start === false) return;
      await writes.instances.update(params.id, { power: 'running', lastUsedAt: now() }, state.volatile ?? {});
    },
    async undo({ params, state, createdAt }) {
      if (params.start === false || state.refused) return;
      // What ran before the operation began, it has not started.
      const keeper = supervision.get(params.id);
      if (keeper && keeper.info.startedAt < createdAt.getTime()) return;
      const row = await store.instances.byId(params.id);
      if (!row) return;
      const volatile = await runner.down(row);
      await store.instances.update(params.id, { power: 'stopped' }, volatile);
    },
  };
}
