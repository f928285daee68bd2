import { isDeepStrictEqual } from 'node:util';
import type { Attachments } from '#lib/device';
import type { Expansion } from '#lib/profile';
import type { InstanceRow, Store } from '#lib/store';
import type { Turns } from './act/turns.ts';
import type { Supervision } from './supervision.ts';

interface Using {
  store: Store;
  supervision: Supervision;
  expansion: Expansion;
  attachments: Attachments;
}

/** Devices of running instances whose profiles have changed. */
export class LiveDevices {
  readonly #turns: Turns;
  readonly #using: Using;

  constructor(turns: Turns, using: Using) {
    this.#turns = turns;
    this.#using = using;
  }

  /** Puts the live options into force, between operations, and writes the record. What else changed waits for the next start. */
  async reapply(row: InstanceRow): Promise<void> {
    if (!(await this.#isStale(row))) return;
    await this.#turns.note(row.id, async () => {
      const { store, supervision, expansion, attachments } = this.#using;
      const now = await store.instances.byId(row.id);
      if (!now || !supervision.get(row.id) || !(await this.#isStale(now))) return;
      const attached = await attachments.update(now, now.attached, (await expansion.of(now)).devices);
      await store.instances.update(row.id, { attached });
    });
  }

  async #isStale(row: InstanceRow): Promise<boolean> {
    if (row.attached.length === 0) return false;
    const { devices } = await this.#using.expansion.of(row);
    return !isDeepStrictEqual(this.#using.attachments.changed(row.attached, devices), row.attached);
  }
}
