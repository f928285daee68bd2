import { LxError } from '#lib/contract';
import type { Operation } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import type { AskedState, StateVerb } from './change-state.ts';
import type { FreezeUsing } from './freeze.ts';

/** Nothing is journaled, as for `Freeze`. */
export class Unfreeze implements StateVerb {
  readonly kind = 'instance.unfreeze';
  readonly #acts: Acts;
  readonly #using: FreezeUsing;

  constructor(acts: Acts, using: FreezeUsing) {
    this.#acts = acts;
    this.#using = using;
  }

  async begin(row: InstanceRow, { power, requestor }: AskedState): Promise<Operation> {
    if (power === 'stopped') throw new LxError('freeze.not_running');
    if (power === 'running') throw new LxError('freeze.running');
    const unfreeze = async () => {
      if (!this.#using.supervision.get(row.id)) throw new LxError('freeze.not_running');
      await this.#using.cgroups.unfreeze(row.id);
    };
    return this.#acts.beginLive(this.kind, unfreeze, { of: row, requestor, announce: [{ action: 'instance-resumed' }] });
  }
}
