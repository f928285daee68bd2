import { LxError } from '#lib/contract';
import type { CardFilter } from '../card-filter.ts';
import type { DeviceRules, RuleKey } from '../device-rules.ts';

/** Keeps the rules in memory; `broken` makes every call fail as nft does. */
export class RecordingDeviceRules implements DeviceRules {
  /** By the end on the host. */
  readonly filters = new Map<string, RuleKey & { filter: CardFilter }>();
  guarded = false;
  broken = false;

  async guardRouted(): Promise<void> {
    this.#check();
    this.guarded = true;
  }

  async filter(key: RuleKey, hostName: string, filter: CardFilter): Promise<void> {
    this.#check();
    this.filters.set(hostName, { ...key, filter });
  }

  async unfilter(_key: RuleKey, hostName: string): Promise<void> {
    this.#check();
    this.filters.delete(hostName);
  }

  async sweep(instanceId: string): Promise<void> {
    this.#check();
    for (const [hostName, { instanceId: id }] of this.filters) if (id === instanceId) this.filters.delete(hostName);
  }

  async clear(): Promise<void> {
    this.#check();
    this.guarded = false;
    this.filters.clear();
  }

  #check(): void {
    if (this.broken) throw new LxError('firewall.failed', { reason: 'nft was ended by SIGSEGV' });
  }
}
