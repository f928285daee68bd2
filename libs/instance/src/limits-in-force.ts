import type { Cgroups, CgroupLimits } from '#lib/host';
import type { StringMap } from '#lib/base';
import type { InstanceRow } from '#lib/store';
import type { Expansion } from '#lib/profile';
import type { HostFacts } from './host-facts.ts';
import { cgroupLimits, cpusOf } from './limits.ts';
import type { Supervision } from './supervision.ts';

interface Using {
  cgroups: Cgroups;
  supervision: Supervision;
  expansion: Expansion;
  host: HostFacts;
}

/** The limits of running instances, and the CPUs that were given out to them. */
export class LimitsInForce {
  readonly #using: Using;
  /** CPU lists given out by `limits.cpu` counts, to spread the next ones. */
  readonly #pinned = new Map<string, string>();

  constructor(using: Using) {
    this.#using = using;
  }

  /** The limits that an expanded config asks for, for a start. */
  ofStart(config: StringMap): CgroupLimits {
    const { totalMemory, onlineCpus } = this.#using.host;
    return cgroupLimits(config, { totalMemory, onlineCpus, load: this.#cpuLoad() });
  }

  /** Notes the CPUs of an instance that came up. */
  started(id: string, { cpuset }: CgroupLimits): void {
    if (cpuset) this.#pinned.set(id, cpuset);
  }

  ended(id: string): void {
    this.#pinned.delete(id);
  }

  /** Puts the limits of this config into force, if the instance runs. */
  async apply(id: string, wanted: Pick<InstanceRow, 'project' | 'config' | 'devices' | 'profiles'>): Promise<void> {
    const { cgroups, supervision, expansion, host } = this.#using;
    if (!supervision.get(id)) return;
    const { config } = await expansion.of(wanted);
    await cgroups.apply(id, cgroupLimits(config, { totalMemory: host.totalMemory, onlineCpus: host.onlineCpus }));
  }

  #cpuLoad(): Map<number, number> {
    const load = new Map<number, number>();
    for (const list of this.#pinned.values()) for (const cpu of cpusOf(list)) load.set(cpu, (load.get(cpu) ?? 0) + 1);
    return load;
  }
}
