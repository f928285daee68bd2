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
export type LaunchState = { volatile: VolatileChange /** It ran already: not ours to undo. */; refused: boolean };

/**
 * The step that brings an instance up. Parameters with `start: false` make it do nothing. `running`: what to do with an
 * instance that is up: one that a resumed operation started is kept, one that somebody else started is refused.
 */
export function launchStep<P extends { id: string; start?: boolean }, S extends LaunchState>(
  { store, supervision, runner, now }: LaunchUsing,
  running: 'keep' | 'refuse',
): Step<P, S> {
  return {
    name: 'launch',
    async do({ params, state }) {
      if (params.start === false) return;
      const row = await knownRow(store, params.id);
      if (supervision.get(row.id)) {
        if (running === 'keep') return;
        state.refused = true;
        throw new LxError('instance.already_running');
      }
      state.volatile = (await runner.up(row)).volatile;
    },
    async commit({ params, state }, writes) {
      if (params.start === false) return;
      await writes.instances.update(params.id, { power: 'running', lastUsedAt: now() });
      await writes.instances.mergeVolatile(params.id, state.volatile ?? {});
    },
    async undo({ params, state }) {
      if (params.start === false || state.refused) return;
      const row = await store.instances.byId(params.id);
      if (!row) return;
      const volatile = await runner.down(row);
      await store.instances.mergeVolatile(params.id, volatile);
      await store.instances.update(params.id, { power: 'stopped' });
    },
  };
}
