import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import type { AskedState, StateVerb } from './change-state.ts';
import type { FreezeParams, FreezeUsing } from './freeze.ts';

export class Unfreeze implements StateVerb {
  readonly operation: OperationSpec<FreezeParams, Record<string, never>>;
  readonly #acts: Acts;

  constructor(acts: Acts, { supervision, cgroups }: FreezeUsing) {
    this.#acts = acts;
    this.operation = defineOperation({
      kind: 'instance.unfreeze',
      onCrash: 'resume',
      steps: [
        {
          name: 'unfreeze',
          async do({ params }) {
            if (!supervision.get(params.id)) throw new LxError('freeze.not_running');
            await cgroups.unfreeze(params.id);
          },
        },
      ],
    });
  }

  async begin(row: InstanceRow, { power, requestor }: AskedState): Promise<Operation> {
    if (power === 'stopped') throw new LxError('freeze.not_running');
    if (power === 'running') throw new LxError('freeze.running');
    const params = { id: row.id, name: row.name };
    return this.#acts.begin(this.operation, params, { of: row, requestor, announce: [{ action: 'instance-resumed' }] });
  }
}
