import { LxError } from '#lib/contract';
import type { AttachedDevice, ChosenDevices } from '#lib/device';
import type { Step } from '#lib/engine';
import type { InstanceRow, Store } from '#lib/store';
import { claimNics } from '../claim-nics.ts';
import { knownRow } from '../read/rows.ts';
import type { Runner } from '../runner.ts';
import type { Supervision } from '../supervision.ts';
import type { VolatileChange } from '../volatile-change.ts';

export interface LaunchUsing {
  store: Store;
  supervision: Supervision;
  runner: Runner;
  now: () => Date;
}
/** `start: false`: there is no such step. `chosen`: the devices, decided on before, where a resumed operation must know them. */
export type LaunchParams = { id: string; start?: boolean; chosen?: ChosenDevices };
export type LaunchState = {
  volatile: VolatileChange;
  attached: AttachedDevice[];
  /** MAC addresses were made up for it. */
  newNics: boolean;
  /** It ran already: not ours to undo. */
  refused: boolean;
};

/**
 * The step that brings an instance up. `running`: what to do with an instance that is up: one that a resumed operation
 * started is kept, one that somebody else started is refused. `own`: the row, where the operation has made it itself.
 */
export function launchStep<P extends LaunchParams, S extends LaunchState>(
  { store, supervision, runner, now }: LaunchUsing,
  running: 'keep' | 'refuse',
  own?: (params: P, state: Partial<S>) => InstanceRow,
): Step<P, S> {
  return {
    name: 'launch',
    when: ({ start }) => start !== false,
    async do({ params, state }) {
      const row = own?.(params, state) ?? (await knownRow(store, params.id));
      if (supervision.get(row.id)) {
        if (running === 'keep') {
          Object.assign(state, await runner.found(row, params.chosen ?? { attached: row.attached, volatile: {} }));
          return;
        }
        state.refused = true;
        throw new LxError('instance.already_running');
      }
      const { keeper, ...up } = await runner.up(row, params.chosen);
      Object.assign(state, up);
    },
    async commit({ params, state }, writes) {
      const change = { power: 'running' as const, lastUsedAt: now(), attached: state.attached ?? [] };
      await writes.instances.update(params.id, change, state.volatile ?? {});
      if (state.newNics) await claimNics(writes, params.id);
    },
    async undo({ params, state, createdAt }) {
      if (state.refused) return;
      // What ran before the operation began, it has not started.
      const keeper = supervision.get(params.id);
      if (keeper && keeper.info.startedAt < createdAt.getTime()) return;
      const row = await store.instances.byId(params.id);
      if (!row) return;
      const volatile = await runner.cancel(row);
      await store.instances.update(params.id, { power: 'stopped', attached: [] }, volatile);
    },
  };
}
