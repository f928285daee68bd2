import { keyOf } from '#lib/contract';
import { succeeded } from '#lib/engine';
import type { Expansion } from '#lib/profile';
import type { InstanceRow } from '#lib/store';
import type { Snapshot } from '../verbs/snapshot.ts';

/** The snapshot of an instance's schedule that is taken before it starts. */
export class StartupSnapshot {
  readonly #snapshot: Snapshot;
  readonly #expansion: Expansion;

  constructor(snapshot: Snapshot, expansion: Expansion) {
    this.#snapshot = snapshot;
    this.#expansion = expansion;
  }

  /** Does nothing for an instance without one. What cannot be taken keeps it from starting, as in LXD. */
  async take(row: InstanceRow): Promise<void> {
    const { config } = await this.#expansion.of(row);
    if (!keyOf(config, 'snapshots.schedule')?.startup) return;
    await succeeded(await this.#snapshot.begin(row, { name: '', stateful: false, expiresAt: null }));
  }
}
