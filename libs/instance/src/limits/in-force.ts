import { type DeviceMap, formatBytes, type StringMap } from '#lib/base';
import { keyOf, parseCpuList, togetherProblems } from '#lib/contract';
import { diskLimits, rootDisk } from '#lib/device';
import type { CgroupLimits, Cgroups, Places } from '#lib/host';
import type { Expanded, Expansion } from '#lib/profile';
import type { Storage } from '#lib/storage';
import type { InstanceRow, Store } from '#lib/store';
import type { HostFacts } from '../host-facts.ts';
import type { Supervision } from '../supervision.ts';
import type { VolatileChange } from '../volatile-change.ts';
import { cgroupLimits } from './appliers.ts';
import { seccompProblems } from '../plan/seccomp.ts';
import { CpuPins } from './cpu-pins.ts';
import { hostProblems } from './host-problems.ts';
import { inTermsOfKeys } from './refusal.ts';

interface Using {
  store: Store;
  cgroups: Cgroups;
  supervision: Supervision;
  expansion: Expansion;
  host: HostFacts;
  storage: Pick<Storage, 'pools' | 'roots'>;
  places: Places;
}

/** The CPUs that the instance was pinned to when it last ran, as a cpuset list. */
const pinnedKey = 'volatile.cpu.pinned';

type Pinned = Pick<InstanceRow, 'id' | 'volatile'>;

/** The limits of running instances. Which CPUs an instance got is written on its record by whoever asks here. */
export class LimitsInForce {
  readonly #using: Using;
  readonly #pins: CpuPins;
  /** The pins of what an earlier daemon started, once they are in `#pins`. */
  #adopted: Promise<void> | null = null;

  constructor(using: Using) {
    this.#using = using;
    this.#pins = new CpuPins(using.host.onlineCpus);
  }

  /** What an expanded config asks for and this host cannot give. */
  problems(config: StringMap): string[] {
    const { host, cgroups } = this.#using;
    const limits = cgroupLimits(config, { totalMemory: host.totalMemory, choose: () => [] });
    return [
      ...togetherProblems(config),
      ...hostProblems(config, host),
      ...cgroups.problems(limits),
      ...seccompProblems(config, host.systemCalls.known),
    ];
  }

  /** Why the root of an instance that is there cannot be as small as it is to be. */
  async rootProblems(row: Pick<InstanceRow, 'id' | 'project' | 'name'>, before: DeviceMap, after: DeviceMap): Promise<string[]> {
    const size = rootDisk(after)?.size ?? null;
    if (size === null || size === rootDisk(before)?.size) return [];
    const used = (await this.#using.storage.roots.usage(row)) ?? 0;
    return size < used ? [`The root disk holds ${formatBytes(used)} already, which is more than the new "size"`] : [];
  }

  /** What an instance's expanded config and devices ask for. Its CPUs are the instance's from now on, until `ended`. */
  async of(row: Pinned, { config, devices }: Expanded): Promise<{ limits: CgroupLimits; volatile: VolatileChange }> {
    const wanted = keyOf(config, 'limits.cpu');
    if (wanted === undefined) this.#pins.forget(row.id);
    else await this.#adopt();
    if (typeof wanted === 'object') this.#pins.note(row.id, wanted);
    const before = parseCpuList(row.volatile[pinnedKey] ?? '') ?? [];
    const choose = (count: number) => this.#pins.choose(row.id, count, before);
    const io = await diskLimits(this.#using, devices);
    const limits = { ...cgroupLimits(config, { totalMemory: this.#using.host.totalMemory, choose }), ...(io.length > 0 ? { io } : {}) };
    const pinned = typeof wanted === 'number' ? (limits.cpuset ?? null) : null;
    return { limits, volatile: (row.volatile[pinnedKey] ?? null) === pinned ? {} : { [pinnedKey]: pinned } };
  }

  ended(id: string): void {
    this.#pins.forget(id);
  }

  /** Puts the limits of this config into force, if the instance runs. */
  async apply(wanted: Pinned & Pick<InstanceRow, 'project' | 'config' | 'devices' | 'profiles'>): Promise<VolatileChange> {
    const { cgroups, supervision, expansion } = this.#using;
    if (!supervision.get(wanted.id)) return {};
    const expanded = await expansion.of(wanted);
    const { limits, volatile } = await this.of(wanted, expanded);
    await this.#using.storage.roots.bound(wanted, rootDisk(expanded.devices)?.size ?? null);
    await cgroups.apply(wanted.id, limits).catch((error: unknown) => {
      throw inTermsOfKeys(error, expanded.config);
    });
    return volatile;
  }

  /** The same for a row whose profiles have changed: what it got is written on it. */
  async reapply(row: InstanceRow): Promise<void> {
    const volatile = await this.apply(row);
    if (Object.keys(volatile).length > 0) await this.#using.store.instances.mergeVolatile(row.id, volatile);
  }

  #adopt(): Promise<void> {
    this.#adopted ??= this.#readPins().catch((error: unknown) => {
      this.#adopted = null;
      throw error;
    });
    return this.#adopted;
  }

  async #readPins(): Promise<void> {
    const { store, supervision, expansion } = this.#using;
    if (supervision.ids().length === 0) return;
    const rows = (await store.instances.list(null)).filter((row) => supervision.get(row.id) && !this.#pins.has(row.id));
    for (const { row, expanded } of await expansion.ofAll(rows)) {
      const wanted = keyOf(expanded.config, 'limits.cpu');
      const cpus = typeof wanted === 'object' ? wanted : parseCpuList(row.volatile[pinnedKey] ?? '');
      if (wanted !== undefined && cpus && !this.#pins.has(row.id)) this.#pins.note(row.id, cpus);
    }
  }
}
