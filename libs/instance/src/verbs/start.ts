import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { type LaunchState, type LaunchUsing, launchStep } from '../steps/launch.ts';
import type { AskedState, StateVerb } from './change-state.ts';

export type StartParams = { id: string; name: string };

/** Killed half way, the next daemon takes down what was up. */
export class Start implements StateVerb {
  readonly operation: OperationSpec<StartParams, LaunchState>;
  readonly #acts: Acts;

  constructor(acts: Acts, using: LaunchUsing) {
    this.#acts = acts;
    this.operation = defineOperation({ kind: 'instance.start', onCrash: 'unwind', steps: [launchStep(using, 'refuse')] });
  }

  async begin(row: InstanceRow, { power, requestor }: AskedState): Promise<Operation> {
    if (power === 'running') throw new LxError('instance.already_running');
    const params = { id: row.id, name: row.name };
    return this.#acts.begin(this.operation, params, { of: row, requestor, announce: [{ action: 'instance-started' }] });
  }
}
