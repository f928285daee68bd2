import { isDeepStrictEqual } from 'node:util';
import type { Attachments } from '#lib/device';
import { succeeded } from '#lib/engine';
import type { Expansion } from '#lib/profile';
import type { InstanceRow, Store } from '#lib/store';
import type { Turns } from './act/turns.ts';
import type { Supervision } from './supervision.ts';
import { changeable, type Update } from './verbs/update.ts';

interface Using {
  store: Store;
  supervision: Supervision;
  expansion: Expansion;
  attachments: Attachments;
}

/** Devices of running instances whose profiles have changed. */
export class LiveDevices {
  readonly #turns: Turns;
  readonly #update: Pick<Update, 'begin'>;
  readonly #using: Using;

  constructor(turns: Turns, update: Pick<Update, 'begin'>, using: Using) {
    this.#turns = turns;
    this.#update = update;
    this.#using = using;
  }

  /** Has the instance changed to the devices that its profiles give it by now, by an operation, for that survives the daemon. */
  async reapply({ id }: Pick<InstanceRow, 'id'>): Promise<void> {
    const { store } = this.#using;
    if (!(await this.#isStale(await store.instances.byId(id)))) return;
    await this.#turns.free(id);
    const now = await store.instances.byId(id);
    if (now && (await this.#isStale(now))) await succeeded(await this.#update.begin(now, changeable(now)));
  }

  async #isStale(row: InstanceRow | null): Promise<boolean> {
    const { supervision, expansion, attachments } = this.#using;
    if (!row || !supervision.get(row.id)) return false;
    const { devices } = await expansion.of(row);
    const { leave, come } = await attachments.difference(row, row.attached, devices);
    return leave.length + come.length > 0 || !isDeepStrictEqual(attachments.changed(row.attached, devices), row.attached);
  }
}
