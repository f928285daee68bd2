import { LxError, refuse } from '#lib/contract';
import type { Attachments } from '#lib/device';
import { defineOperation, type Operation, type OperationSpec } from '#lib/engine';
import type { Expansion } from '#lib/profile';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { startProblems } from '../checks.ts';
import type { LimitsInForce } from '../limits/in-force.ts';
import { type LaunchParams, type LaunchState, type LaunchUsing, launchStep } from '../steps/launch.ts';
import { type StopState, type StopStepParams, type StopUsing, stopStep } from '../steps/stop.ts';
import type { AskedState, StateVerb } from './change-state.ts';

export type RestartParams = StopStepParams & { name: string } & LaunchParams;

interface Using extends StopUsing, LaunchUsing {
  expansion: Expansion;
  limits: LimitsInForce;
  attachments: Attachments;
}

/** Resumed after a crash: whoever asked for a restart wants a running instance. */
export class Restart implements StateVerb {
  readonly operation: OperationSpec<RestartParams, StopState & LaunchState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    const steps = [
      stopStep<RestartParams, StopState & LaunchState>(using),
      launchStep<RestartParams, StopState & LaunchState>(using, 'keep'),
    ];
    this.operation = defineOperation({ kind: 'instance.restart', onCrash: 'resume', steps });
  }

  async begin(row: InstanceRow, { power, force, timeout, requestor }: AskedState): Promise<Operation> {
    if (power === 'stopped') throw new LxError('instance.already_stopped');
    const { config, devices } = await this.#using.expansion.of(row);
    // What it cannot have when it comes up again, it is told while it still runs.
    refuse([...this.#using.limits.problems(config), ...startProblems(config)]);
    const params = { id: row.id, name: row.name, force, timeout, chosen: await this.#using.attachments.choose(row, devices) };
    const begin = { of: row, requestor, announce: [{ action: 'instance-restarted' as const }], mayCancel: !force };
    return this.#acts.begin(this.operation, params, begin);
  }
}
