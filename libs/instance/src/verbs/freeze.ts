import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec } from '#lib/engine';
import type { Cgroups } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import type { Supervision } from '../supervision.ts';
import type { AskedState, StateVerb } from './change-state.ts';

export type FreezeParams = { id: string; name: string };
export interface FreezeUsing {
  supervision: Supervision;
  cgroups: Cgroups;
}

export class Freeze implements StateVerb {
  readonly operation: OperationSpec<FreezeParams, Record<string, never>>;
  readonly #acts: Acts;

  constructor(acts: Acts, { supervision, cgroups }: FreezeUsing) {
    this.#acts = acts;
    this.operation = defineOperation({
      kind: 'instance.freeze',
      onCrash: 'unwind',
      steps: [
        {
          name: 'freeze',
          async do({ params }) {
            if (!supervision.get(params.id)) throw new LxError('freeze.not_running');
            await cgroups.freeze(params.id);
          },
          async undo({ params }) {
            if (supervision.get(params.id)) await cgroups.unfreeze(params.id);
          },
        },
      ],
    });
  }

  async begin(row: InstanceRow, { power, requestor }: AskedState): Promise<Operation> {
    if (power === 'stopped') throw new LxError('freeze.not_running');
    if (power === 'frozen') throw new LxError('freeze.frozen');
    const params = { id: row.id, name: row.name };
    return this.#acts.begin(this.operation, params, { of: row, requestor, announce: [{ action: 'instance-paused' }] });
  }
}
