import { LxError } from '#lib/contract';
import type { Firewall, FirewallRules } from '../firewall.ts';

/** Keeps the rules of each network in memory; `broken` makes every call fail as nft does. */
export class RecordingFirewall implements Firewall {
  readonly rules = new Map<string, FirewallRules>();
  broken = false;

  async apply(network: string, rules: FirewallRules): Promise<void> {
    this.#check();
    this.rules.set(network, rules);
  }

  async remove(network: string): Promise<void> {
    this.#check();
    this.rules.delete(network);
  }

  #check(): void {
    if (this.broken) throw new LxError('firewall.failed', { reason: 'nft was ended by SIGSEGV' });
  }
}
