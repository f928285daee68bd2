import { LxError } from '#lib/contract';
import type { Operation } from '#lib/engine';
import type { Cgroups } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import type { Supervision } from '../supervision.ts';
import type { AskedState, StateVerb } from './change-state.ts';

export interface FreezeUsing {
  supervision: Supervision;
  cgroups: Cgroups;
}

/** Nothing is journaled: whether an instance is frozen is the kernel's to say, and a killed daemon leaves it one or the other. */
export class Freeze implements StateVerb {
  readonly kind = 'instance.freeze';
  readonly #acts: Acts;
  readonly #using: FreezeUsing;

  constructor(acts: Acts, using: FreezeUsing) {
    this.#acts = acts;
    this.#using = using;
  }

  async begin(row: InstanceRow, { power, requestor }: AskedState): Promise<Operation> {
    if (power === 'stopped') throw new LxError('freeze.not_running');
    if (power === 'frozen') throw new LxError('freeze.frozen');
    const freeze = async () => {
      if (!this.#using.supervision.get(row.id)) throw new LxError('freeze.not_running');
      await this.#using.cgroups.freeze(row.id);
    };
    return this.#acts.beginLive(this.kind, freeze, { of: row, requestor, announce: [{ action: 'instance-paused' }] });
  }
}
