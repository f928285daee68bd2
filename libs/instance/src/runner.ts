import type { StringMap } from '#lib/base';
import { refuse } from '#lib/contract';
import type { Cgroups, Keeper } from '#lib/host';
import type { Storage } from '#lib/storage';
import type { InstanceRow } from '#lib/store';
import type { Attachments, VolatileChange } from './attachments.ts';
import type { Expansion } from '#lib/profile';
import type { HostFacts } from './host-facts.ts';
import type { IdAllocation } from './ids/allocation.ts';
import { idWish } from './ids/map.ts';
import type { LimitsInForce } from './limits/in-force.ts';
import type { LogFiles } from './log-files.ts';
import { inTermsOfKeys } from './limits/refusal.ts';
import { launchPlan } from './plan/launch.ts';
import { rootVolume } from './root-volume.ts';
import type { Supervision } from './supervision.ts';

interface Using {
  expansion: Expansion;
  storage: Storage;
  cgroups: Cgroups;
  attachments: Attachments;
  limits: LimitsInForce;
  supervision: Supervision;
  logFiles: LogFiles;
  ids: IdAllocation;
  host: HostFacts;
}

/** Brings instances up and takes them down; knows nothing of operations, requests or rows' states. */
export class Runner {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  /** Starts init. On failure nothing is left of the attempt, but the name in the networks: `down` removes that. */
  async up(row: InstanceRow, hostNames: StringMap = {}): Promise<{ keeper: Keeper; volatile: VolatileChange }> {
    const { expansion, storage, cgroups, attachments, limits, supervision, logFiles, host } = this.#using;
    const { config, devices } = await expansion.of(row);
    refuse(limits.problems(config));
    const [root, attached, wanted, ids] = await Promise.all([
      storage.rootRecipe(rootVolume(row, devices), row.volatile['volatile.base_image'] || null),
      attachments.attach(row, devices, hostNames),
      limits.of(row, config),
      this.#using.ids.ofStart(row, idWish(config)),
      logFiles.prepare(row),
    ]);
    const plan = launchPlan({
      instance: row,
      config,
      root,
      links: attached.links,
      cgroups: cgroups.plan(row.id, wanted.limits),
      idMap: ids.map,
      seccomp: host.seccomp,
      lxcfs: host.lxcfs,
      runDir: host.runDir,
      consoleLog: logFiles.path(row, 'console.log'),
    });
    const keeper = await supervision.launch(plan).catch((error: unknown) => {
      throw inTermsOfKeys(error, config);
    });
    return { keeper, volatile: { 'volatile.last_state.power': 'RUNNING', ...ids.volatile, ...attached.volatile, ...wanted.volatile } };
  }

  /** What `up` of an earlier daemon with these names has to say of an instance that runs. */
  async found(row: InstanceRow, hostNames: StringMap): Promise<VolatileChange> {
    const names = Object.entries(hostNames).map(([device, name]) => [`volatile.${device}.host_name`, name]);
    const { limits, ids, expansion } = this.#using;
    const own = row.idBase === null ? {} : (await ids.of(row, idWish((await expansion.of(row)).config))).volatile;
    return { 'volatile.last_state.power': 'RUNNING', ...own, ...Object.fromEntries(names), ...(await limits.apply(row)) };
  }

  /** After the end, or to undo a start: forgets the instance in its networks and sweeps what a dead keeper left. */
  async down(row: InstanceRow): Promise<VolatileChange> {
    const { expansion, cgroups, attachments, limits, supervision } = this.#using;
    await supervision.kill(row.id);
    limits.ended(row.id);
    const { devices } = await expansion.of(row);
    const [volatile] = await Promise.all([attachments.detach(row, devices), cgroups.sweep(row.id)]);
    return { 'volatile.last_state.power': 'STOPPED', ...volatile };
  }
}
