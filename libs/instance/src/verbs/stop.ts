import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import type { Acts, Announcement } from '../act/acts.ts';
import type { RemoveParams } from '../steps/remove.ts';
import { type StopState, type StopStepParams, type StopUsing, stopStep } from '../steps/stop.ts';
import type { AskedState, StateVerb } from './change-state.ts';

export type StopParams = StopStepParams & { name: string; remove: RemoveParams | null };

/** Cannot be undone, so it is resumed. A forced stop comes through while a shutdown waits for the guest. */
export class Stop implements StateVerb {
  readonly operation: OperationSpec<StopParams, StopState>;
  readonly #acts: Acts;
  readonly #using: StopUsing;

  constructor(acts: Acts, using: StopUsing) {
    this.#acts = acts;
    this.#using = using;
    this.operation = defineOperation({ kind: 'instance.stop', makesRoom: true, onCrash: 'resume', steps: [stopStep(using)] });
  }

  async begin(row: InstanceRow, { power, force, timeout, requestor }: AskedState): Promise<Operation> {
    if (power === 'stopped') throw new LxError('instance.already_stopped');
    const waiting = this.#acts.turns.running(row.id);
    if (force && waiting?.kind === this.operation.kind)
      return this.#acts.hasten(row, waiting, requestor, async () => this.#using.supervision.get(row.id)?.kill());
    const remove = row.ephemeral ? this.#using.removal.paramsOf(row) : null;
    const announce: Announcement[] = [{ action: force ? 'instance-stopped' : 'instance-shutdown' }];
    if (remove) announce.push({ action: 'instance-deleted' });
    // A guest may take for ever to shut down: who waits for it may stop waiting.
    const begin = { of: row, requestor, announce, mayCancel: !force };
    return this.#acts.begin(this.operation, { id: row.id, name: row.name, force, timeout, remove }, begin);
  }
}
