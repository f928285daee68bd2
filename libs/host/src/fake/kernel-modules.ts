import { LxError } from '#lib/contract';
import type { KernelModules } from '../linux/kernel-modules.ts';

/** A kernel that has a few. */
export class FakeKernelModules implements KernelModules {
  readonly there = new Set(['overlay', 'br_netfilter']);
  readonly asked: string[] = [];

  async load(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.asked.push(name);
      if (!this.there.has(name)) throw new LxError('host.module', { module: name, reason: 'there is none' });
    }
  }
}
