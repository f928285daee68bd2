import { LxError, problemsOf, refuse } from '#lib/contract';
import { type Attachments, type DeviceHolders, forgotten, madeUpFor, rootDisk } from '#lib/device';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import { expand } from '#lib/profile';
import type { Storage } from '#lib/storage';
import type { InstanceRow, SnapshotRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { missingProfiles, wholeProblems } from '../checks.ts';
import { claimNics } from '../claim-nics.ts';
import type { IdAllocation, InstanceIds } from '../ids/allocation.ts';
import { type IdWish, idWish } from '../ids/map.ts';
import type { LimitsInForce } from '../limits/in-force.ts';
import { knownRow } from '../read/rows.ts';
import { rowsRefused } from '../references.ts';
import { type LaunchParams, type LaunchState, type LaunchUsing, launchStep } from '../steps/launch.ts';
import { type StopState, type StopStepParams, type StopUsing, stopStep } from '../steps/stop.ts';
import { type VolatileChange, withVolatile } from '../volatile-change.ts';

export type RestoreParams = StopStepParams &
  LaunchParams & {
    project: string;
    name: string;
    snapshotId: string;
    /** It runs, and so it does afterwards. */
    start: boolean;
    volatile: VolatileChange;
    ids: IdWish;
  };
type RestoreState = StopState & LaunchState & { ids: Pick<InstanceIds, 'row' | 'volatile'> };
type RestoreStep = Step<RestoreParams, RestoreState>;

interface Using extends StopUsing, LaunchUsing {
  storage: Storage;
  holders: DeviceHolders;
  limits: LimitsInForce;
  ids: IdAllocation;
  attachments: Attachments;
}

/** Goes back to a snapshot: root and configuration. It is resumed after a crash, because what was there before is given up. */
export class Restore {
  readonly operation: OperationSpec<RestoreParams, RestoreState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    const steps = [
      stopStep<RestoreParams, RestoreState>(using),
      restoreStep(using),
      launchStep<RestoreParams, RestoreState>(using, 'keep'),
    ];
    this.operation = defineOperation({ kind: 'snapshot.restore', onCrash: 'resume', steps });
  }

  async begin(row: InstanceRow, snapshot: SnapshotRow, requestor?: Requestor): Promise<Operation> {
    const params = await this.prepare(row, snapshot);
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      snapshots: [snapshot.name],
      announce: [{ action: 'instance-restored', context: { snapshot: `${row.name}/${snapshot.name}` } }],
    });
  }

  /** What the snapshot names may be gone by now, and an address be another's: all is told before anything stops. */
  async prepare(row: InstanceRow, snapshot: SnapshotRow): Promise<RestoreParams> {
    const { store, supervision, holders, limits, attachments } = this.#using;
    const [had, has] = await Promise.all([
      store.profiles.many(row.project, row.profiles),
      store.profiles.many(row.project, snapshot.profiles),
    ]);
    const before = expand(had, row);
    const after = expand(has, { config: snapshot.config, devices: snapshot.devices });
    const problems = missingProfiles(snapshot.profiles, has);
    if (problems.length === 0)
      problems.push(...limits.problems(after.config), ...(await wholeProblems(holders, row.project, after.devices, row.volatile)));
    refuse([
      ...problems,
      ...problemsOf([
        [
          problems.length === 0 && rootDisk(after.devices)?.pool !== rootDisk(before.devices)?.pool,
          'Cannot update root disk device pool name',
        ],
      ]),
    ]);
    const start = supervision.get(row.id) !== null;
    const volatile = ownOf(before.devices, after.devices, row, snapshot);
    const { config, devices, profiles } = snapshot;
    const restored = withVolatile({ ...row, config, devices, profiles }, volatile);
    return {
      ...{ id: row.id, project: row.project, name: row.name, snapshotId: snapshot.id },
      ...{ start, force: true, timeout: 0, remove: null },
      // A daemon that resumes has to know them.
      ...(start ? { chosen: await attachments.choose(restored, after.devices) } : {}),
      volatile,
      ids: idWish(after.config),
    };
  }
}

/** What its network cards have for themselves: they keep it; cards that come back have what they had. */
function ownOf(
  before: InstanceRow['devices'],
  after: InstanceRow['devices'],
  { volatile }: InstanceRow,
  snapshot: SnapshotRow,
): VolatileChange {
  const change: VolatileChange = forgotten(before, after);
  for (const [key, value] of Object.entries(madeUpFor(after, {})))
    if (change[key] !== undefined || volatile[key] === undefined) change[key] = snapshot.volatile[key] ?? value;
  return change;
}

function restoreStep({ store, storage, supervision, ids }: Using): RestoreStep {
  return {
    name: 'restore',
    async do({ params, state }) {
      const row = await knownRow(store, params.id);
      if (supervision.get(row.id)) throw new LxError('instance.running');
      if (!(await store.snapshots.byId(params.snapshotId))) throw new LxError('snapshot.not_found');
      const { row: own, volatile } = await ids.of(row, params.ids);
      state.ids = { row: own, volatile };
      await storage.roots.restore(row, params.snapshotId);
    },
    async commit({ params, state }, writes) {
      const snapshot = await writes.snapshots.byId(params.snapshotId);
      if (!snapshot) throw new LxError('snapshot.not_found');
      const { ephemeral, config, devices, profiles } = snapshot;
      const volatile = { ...params.volatile, ...state.ids?.volatile };
      await writes.instances
        .update(params.id, { ephemeral, config, devices, profiles, ...state.ids?.row }, volatile)
        .catch((error: unknown) => {
          throw rowsRefused(error, () => new LxError('instance.changed', undefined, { cause: error }));
        });
      await claimNics(writes, params.id);
    },
  };
}
