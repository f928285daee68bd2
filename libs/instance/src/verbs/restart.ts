import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { type LaunchState, type LaunchUsing, launchStep } from '../steps/launch.ts';
import { type StopState, type StopUsing, stopStep } from '../steps/stop.ts';
import type { AskedState, StateVerb } from './change-state.ts';

export type RestartParams = { id: string; name: string; force: boolean; timeout: number };

/** Resumed after a crash: whoever asked for a restart wants a running instance. */
export class Restart implements StateVerb {
  readonly operation: OperationSpec<RestartParams, StopState & LaunchState>;
  readonly #acts: Acts;

  constructor(acts: Acts, using: StopUsing & LaunchUsing) {
    this.#acts = acts;
    const steps = [
      stopStep<RestartParams, StopState & LaunchState>(using),
      launchStep<RestartParams, StopState & LaunchState>(using, 'keep'),
    ];
    this.operation = defineOperation({ kind: 'instance.restart', onCrash: 'resume', steps });
  }

  async begin(row: InstanceRow, { power, force, timeout, requestor }: AskedState): Promise<Operation> {
    if (power === 'stopped') throw new LxError('instance.not_running');
    const begin = { of: row, requestor, announce: [{ action: 'instance-restarted' as const }], mayCancel: !force };
    return this.#acts.begin(this.operation, { id: row.id, name: row.name, force, timeout }, begin);
  }
}
