import { allEnded, type DeviceMap, type StringMap } from '#lib/base';
import { keyOf, refuse } from '#lib/contract';
import { type AttachedDevice, type Attachments, type ChosenDevices, hiddenOf, inTermsOfDevices, rootDisk, shownOf } from '#lib/device';
import type { Cgroups, Keeper, KernelModules, LaunchPlan } from '#lib/host';
import type { Storage } from '#lib/storage';
import type { InstanceRow } from '#lib/store';
import type { Expansion } from '#lib/profile';
import { startProblems } from './checks.ts';
import type { HostFacts } from './host-facts.ts';
import type { IdAllocation } from './ids/allocation.ts';
import { idWish } from './ids/map.ts';
import type { LimitsInForce } from './limits/in-force.ts';
import type { LogFiles } from './log-files.ts';
import type { MetadataFiles } from './metadata/metadata-files.ts';
import { writtenFiles } from './metadata/written-files.ts';
import { inTermsOfKeys } from './limits/refusal.ts';
import type { Filters } from './plan/filters.ts';
import { launchPlan } from './plan/launch.ts';
import type { StartLog } from './start-log.ts';
import type { Supervision } from './supervision.ts';
import type { VolatileChange } from './volatile-change.ts';
import { templateKey } from './volatile.ts';

interface Using {
  expansion: Expansion;
  storage: Storage;
  cgroups: Cgroups;
  attachments: Attachments;
  limits: LimitsInForce;
  supervision: Supervision;
  logFiles: LogFiles;
  metadataFiles: MetadataFiles;
  startLog: StartLog;
  ids: IdAllocation;
  filters: Filters;
  kernelModules: KernelModules;
  host: HostFacts;
}

/** Of an instance that has come up. */
const upKeys = { 'volatile.last_state.power': 'RUNNING', [templateKey]: null };

/** Brings instances up and takes them down; knows nothing of operations, requests or rows' states. */
export class Runner {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  /** Starts init, with the devices that were chosen before or are now. What is left of an attempt that failed, `cancel` removes. */
  async up(row: InstanceRow, before?: ChosenDevices): Promise<Up & { keeper: Keeper }> {
    const { attachments, expansion, supervision, logFiles, startLog } = this.#using;
    let plan: LaunchPlan | null = null;
    try {
      const [{ config, devices }] = await allEnded([expansion.of(row), logFiles.prepare(row)]);
      const planned = await this.#plan(row, config, devices, before);
      plan = planned.plan;
      const keeper = await supervision.launch(plan).catch((error: unknown) => {
        throw inTermsOfDevices(inTermsOfKeys(error, config), planned.up.attached);
      });
      await attachments.accompany(keeper, planned.up.attached);
      startLog.started(row, plan, keeper.info.initPid);
      return { keeper, ...planned.up };
    } catch (error) {
      await startLog.failed(row, plan, error);
      throw error;
    }
  }

  async #plan(row: InstanceRow, config: StringMap, devices: DeviceMap, before?: ChosenDevices): Promise<{ plan: LaunchPlan; up: Up }> {
    const { storage, cgroups, attachments, limits, logFiles, metadataFiles, host } = this.#using;
    refuse([...limits.problems(config), ...startProblems(config)]);
    const modules = keyOf(config, 'linux.kernel_modules');
    if (modules) await this.#using.kernelModules.load(modules);
    const chosen = before ?? (await attachments.choose(row, devices));
    const size = rootDisk(devices)?.size ?? null;
    const [root, part, wanted, ids, files] = await allEnded([
      storage.roots.recipe(row),
      attachments.attach(row, chosen),
      limits.of(row, { config, devices }),
      this.#using.ids.ofStart(row, idWish(config)),
      writtenFiles(metadataFiles, row, { config, devices }),
      storage.roots.link(row),
      storage.roots.bound(row, size),
    ]);
    const seccomp = await this.#using.filters.of(config, size !== null || part.bounded);
    const plan = launchPlan({
      instance: row,
      config,
      root,
      files,
      links: part.links,
      devices: part.mounts,
      cgroups: cgroups.plan(row.id, wanted.limits),
      idMap: ids.map,
      seccomp,
      lxcfs: host.lxcfs,
      runDir: host.runDir,
      consoleLog: logFiles.path(row, 'console.log'),
    });
    return { plan, up: running(chosen, { ...ids.volatile, ...wanted.volatile }) };
  }

  /** What `up` of an earlier daemon with these devices has to say of an instance that runs. */
  async found(row: InstanceRow, chosen: ChosenDevices): Promise<Up> {
    const { attachments, limits, ids, expansion, supervision } = this.#using;
    const own = row.idBase === null ? {} : (await ids.of(row, idWish((await expansion.of(row)).config))).volatile;
    const keeper = supervision.get(row.id);
    if (keeper) await attachments.accompany(keeper, chosen.attached);
    return running(chosen, { ...own, ...(await limits.apply(row)) });
  }

  /** After the end: detaches what the row says is attached, and sweeps what a dead keeper left. */
  async down(row: InstanceRow): Promise<VolatileChange> {
    await Promise.all([this.#end(row), this.#using.attachments.detach(row, row.attached)]);
    await this.#using.attachments.clear(row, row.attached);
    return { 'volatile.last_state.power': 'STOPPED', ...hiddenOf(row.attached) };
  }

  /** Undoes a start of which the row says nothing yet. */
  async cancel(row: InstanceRow): Promise<VolatileChange> {
    await Promise.all([this.#end(row), this.#using.attachments.sweep(row)]);
    return { 'volatile.last_state.power': 'STOPPED' };
  }

  async #end(row: InstanceRow): Promise<void> {
    await this.#using.supervision.kill(row.id);
    this.#using.limits.ended(row.id);
    await this.#using.cgroups.sweep(row.id);
  }
}

/** What the row has to say of an instance that came up. */
export interface Up {
  volatile: VolatileChange;
  attached: AttachedDevice[];
  newNics: boolean;
}

function running({ attached, volatile }: ChosenDevices, more: VolatileChange): Up {
  const newNics = Object.keys(volatile).length > 0;
  return { attached, newNics, volatile: { ...upKeys, ...volatile, ...shownOf(attached), ...more } };
}
