import type { Waiting } from '#lib/device';
import type { DeviceChanges } from '#lib/host';
import type { LiveDevices } from './live-devices.ts';

interface Using {
  waiting: Waiting;
  liveDevices: Pick<LiveDevices, 'reapply'>;
  changes: (onChange: () => void) => DeviceChanges;
  report: (message: string, cause: unknown) => void;
}

/** Brings devices to running instances when the host gets them, and takes them away with it. Nothing runs while none waits. */
export class Hotplug {
  readonly #using: Using;
  #changes: DeviceChanges | null = null;
  #closed = false;
  /** Instances to be looked at, once each. */
  readonly #due = new Set<string>();
  #current: string | null = null;
  #working: Promise<void> | null = null;

  constructor(using: Using) {
    this.#using = using;
  }

  /** From now on; call once. */
  begin(): void {
    const { waiting } = this.#using;
    waiting.onAdded = (id) => this.#settle(id);
    for (const id of waiting.ids()) this.#settle(id);
  }

  /** Changes nothing any more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#changes?.close();
    this.#due.clear();
    await this.#working;
  }

  /** The watch is set before the instance is looked at, so that nothing falls between. What has gone stays watched until the next comes. */
  #settle(id: string): void {
    const { waiting, changes, report } = this.#using;
    // What comes by our own hand was looked at; a change that is undone must not be tried for ever.
    if (this.#closed || id === this.#current) return;
    this.#changes ??= changes(() => this.#look(waiting.ids()));
    void this.#changes
      .watch(waiting.paths())
      .then(() => this.#look([id]))
      .catch((error: unknown) => report('watching for devices of the host', error));
  }

  #look(ids: readonly string[]): void {
    if (this.#closed) return;
    for (const id of ids) this.#due.add(id);
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
    });
  }

  async #work(): Promise<void> {
    const { liveDevices, report } = this.#using;
    for (const id of this.#due) {
      this.#due.delete(id);
      this.#current = id;
      await liveDevices.reapply({ id }).catch((error: unknown) => report(`devices of ${id} that come and go`, error));
      this.#current = null;
    }
  }
}
