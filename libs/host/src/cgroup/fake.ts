import type { CgroupPlan } from '../launch-plan.ts';
import type { CgroupLimits, CgroupUsage, Cgroups } from '../ports.ts';
import { noUsage } from './usage.ts';

/** Control groups of a host that has them all, kept in memory. `calls` records what was asked, in order. */
export class FakeCgroups implements Cgroups {
  readonly calls: string[] = [];
  readonly limits = new Map<string, CgroupLimits>();
  readonly frozenIds = new Set<string>();
  readonly left = new Set<string>();
  usageOf: CgroupUsage = { ...noUsage };
  readonly backends = { cpu: 'v2', cpuset: 'v2', hugetlb: 'v2', io: 'v2', memory: 'v2', pids: 'v2', freezer: 'v2' } as const;

  async prepare(): Promise<void> {
    this.calls.push('prepare');
  }

  problems(): string[] {
    return [];
  }

  plan(id: string, limits: CgroupLimits): CgroupPlan {
    this.limits.set(id, limits);
    const directory = `/sys/fs/cgroup/lxctl/${id}`;
    return { create: [{ path: directory, delegate: true }], write: [], cloneInto: directory, join: [], remove: [directory] };
  }

  async apply(id: string, limits: CgroupLimits): Promise<void> {
    this.calls.push(`apply ${id}`);
    this.limits.set(id, limits);
  }

  async usage(): Promise<CgroupUsage> {
    return this.usageOf;
  }

  async freeze(id: string): Promise<void> {
    this.calls.push(`freeze ${id}`);
    this.frozenIds.add(id);
  }

  async unfreeze(id: string): Promise<void> {
    this.calls.push(`unfreeze ${id}`);
    this.frozenIds.delete(id);
  }

  async frozen(id: string): Promise<boolean> {
    return this.frozenIds.has(id);
  }

  async sweep(id: string): Promise<void> {
    this.calls.push(`sweep ${id}`);
    this.left.delete(id);
  }

  async list(): Promise<string[]> {
    return [...this.left].sort();
  }

  async retire(): Promise<void> {
    this.calls.push('retire');
  }
}
