import type { Step } from '#lib/engine';
import type { Store } from '#lib/store';
import { knownRow } from '../read/rows.ts';
import type { Runner } from '../runner.ts';
import type { Removal, RemoveParams } from './remove.ts';
import type { VolatileChange } from '../volatile-change.ts';
import { type ShutdownUsing, shutDown } from './shut-down.ts';

export interface StopUsing extends ShutdownUsing {
  store: Store;
  runner: Runner;
  removal: Removal;
}
export type StopStepParams = {
  id: string;
  force: boolean;
  /** Seconds to wait for the guest's own shutdown; negative: for ever. */
  timeout: number;
  /** An ephemeral instance goes with its end, within the same operation: who waited for the stop finds it gone. */
  remove?: RemoveParams | null;
};
export type StopState = { volatile: VolatileChange };

/** The step that ends an instance. Idempotent: an instance that is down stays so. */
export function stopStep<P extends StopStepParams, S extends StopState>(using: StopUsing): Step<P, S> {
  const { store, runner, removal } = using;
  return {
    name: 'stop',
    async do({ params, state, signal }) {
      const row = await knownRow(store, params.id);
      if (!params.force) await shutDown(using, row, params.timeout, signal);
      state.volatile = await runner.down(row);
      if (params.remove) await removal.files(params.remove);
    },
    async commit({ params, state }, writes) {
      if (params.remove) return removal.rows(params.remove, writes);
      await writes.instances.update(params.id, { power: 'stopped', attached: [] }, state.volatile ?? {});
    },
  };
}
