import { isDeepStrictEqual } from 'node:util';
import type { DeviceMap, StringMap } from '#lib/base';
import { instanceConfigProblems, LxError, problemsOf, refuse } from '#lib/contract';
import {
  type AttachedDevice,
  type Attachments,
  claimsOf,
  type DeviceChange,
  type DeviceHolders,
  deviceProblems,
  forgotten,
  hiddenOf,
  lacksOf,
  madeUpFor,
  newOnes,
  rootDisk,
  shownOf,
} from '#lib/device';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { InstanceRow, Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { missingProfiles, wholeProblems } from '../checks.ts';
import { claimNics } from '../claim-nics.ts';
import { expand, type Expansion } from '#lib/profile';
import type { IdAllocation, InstanceIds } from '../ids/allocation.ts';
import { type IdWish, idWish } from '../ids/map.ts';
import type { LimitsInForce } from '../limits/in-force.ts';
import { rowsRefused } from '../references.ts';
import { knownRow } from '../read/rows.ts';
import type { Supervision } from '../supervision.ts';
import { chosenVolatile, instanceIdKey, separated, uuidKey, volatileProblems, withoutNotesOf } from '../volatile.ts';
import { type VolatileChange, withVolatile } from '../volatile-change.ts';

/** What a client may change of an instance. */
export type InstanceChange = {
  description: string;
  ephemeral: boolean;
  config: StringMap;
  devices: DeviceMap;
  profiles: string[];
};
export type UpdateParams = {
  id: string;
  name: string;
  /** What the change was made from: when the row is another by now, the change would undo somebody's. */
  before: InstanceChange;
  after: InstanceChange;
  /** Keys to set. */
  volatile: VolatileChange;
  /** What its network cards have for themselves changes. */
  newNics: boolean;
  ids: IdWish;
  /** What a running instance loses and gets, decided before, so that it can be undone after a crash. */
  plug: DeviceChange;
  /** Addresses that the server had made up change: not while it runs. */
  newAddresses: boolean;
};

/** What applying it adds to the volatile keys. */
type UpdateState = { volatile: VolatileChange; attached: AttachedDevice[]; ids: Pick<InstanceIds, 'row' | 'volatile'> };

interface Using {
  store: Store;
  supervision: Supervision;
  limits: LimitsInForce;
  ids: IdAllocation;
  expansion: Expansion;
  attachments: Attachments;
  holders: DeviceHolders;
}

const addressesAreFixed = 'Addresses of devices of a running instance cannot be changed: stop it first';
const noDevices: DeviceChange = { leave: [], come: [] };

/** Live limits first, because the kernel may refuse them; then the row. */
export class Update {
  readonly operation: OperationSpec<UpdateParams, UpdateState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    this.operation = defineOperation({ kind: 'instance.update', onCrash: 'unwind', steps: [applyStep(using)] });
  }

  async begin(row: InstanceRow, change: InstanceChange, requestor?: Requestor): Promise<Operation> {
    const params = await this.prepare(row, change);
    return this.#acts.begin(this.operation, params, { of: row, requestor, announce: [{ action: 'instance-updated' }] });
  }

  /** Checks a change against the profiles and devices the instance will have, naming every problem at once. */
  async prepare(row: InstanceRow, change: InstanceChange): Promise<UpdateParams> {
    const { store, supervision, holders, limits, attachments } = this.#using;
    const { config, volatile: given } = separated(change.config);
    const another = given[uuidKey] === undefined || given[uuidKey] === row.id ? null : await store.instances.byId(given[uuidKey]);
    const volatile = another ? withoutNotesOf(another, given) : given;
    const before = expand(await store.profiles.many(row.project, row.profiles), row);
    const profiles = await store.profiles.many(row.project, change.profiles);
    const after = expand(profiles, { config, devices: change.devices });
    const { devices } = after;
    const problems = [
      ...instanceConfigProblems(config),
      ...deviceProblems(change.devices),
      ...missingProfiles(change.profiles, profiles),
      ...volatileProblems(volatile, row.volatile, devices),
    ];
    if (problems.length === 0)
      problems.push(...limits.problems(after.config), ...(await wholeProblems(holders, row.project, devices, row.volatile)));
    if (problems.length === 0) problems.push(...(await lacksOf(holders.places, newOnes(before.devices, devices))));
    if (problems.length === 0) problems.push(...(await limits.rootProblems(row, before.devices, devices)));
    const pool = rootDisk(before.devices)?.pool;
    const chosen = chosenVolatile(volatile, row.volatile, devices);
    const { [instanceIdKey]: instanceId, ...addresses } = chosen;
    const newAddresses = Object.keys(addresses).length > 0;
    refuse([
      ...problems,
      ...problemsOf([
        [problems.length === 0 && pool && rootDisk(devices)?.pool !== pool, 'Cannot update root disk device pool name'],
        [newAddresses && supervision.get(row.id), addressesAreFixed],
      ]),
    ]);
    const own = { ...forgotten(before.devices, devices), ...madeUpFor(devices, row.volatile), ...addresses };
    return {
      id: row.id,
      name: row.name,
      before: changeable(row),
      after: { ...change, config },
      volatile: { ...own, ...chosen },
      newNics: Object.keys(own).length > 0 || !isDeepStrictEqual(claimsOf(before.devices, {}), claimsOf(devices, {})),
      ids: idWish(after.config),
      plug: supervision.get(row.id) ? await attachments.difference(withVolatile(row, own), row.attached, devices) : noDevices,
      newAddresses,
    };
  }
}

function applyStep({ store, supervision, limits, expansion, attachments, ids }: Using): Step<UpdateParams, UpdateState> {
  const nextIds = async (row: InstanceRow, wish: IdWish) => {
    const { row: own, volatile } = await ids.of(row, wish);
    return { row: own, volatile };
  };
  return {
    name: 'apply',
    async do({ params, state }) {
      const row = await knownRow(store, params.id);
      if (!isDeepStrictEqual(changeable(row), params.before)) throw new LxError('instance.changed');
      // One that runs has the ids it was started with; the next start sees what is wanted.
      if (!supervision.get(params.id)) state.ids = await nextIds(row, params.ids);
      const keeper = supervision.get(params.id);
      if (params.newAddresses && keeper) refuse([addressesAreFixed]);
      const after = { ...row, ...params.after };
      state.volatile = await limits.apply(after);
      if (!keeper) return;
      const owner = withVolatile(row, params.volatile);
      const { devices } = await expansion.of(after);
      if (!isSameChange(await attachments.difference(owner, row.attached, devices), params.plug)) throw new LxError('instance.changed');
      const { leave, come } = params.plug;
      // Those that come may be there: of a step that was cut off.
      await attachments.unplug(keeper, owner, [...leave, ...come]);
      await attachments.plug(keeper, owner, come);
      const stay = row.attached.filter((each) => !leave.some(({ device }) => device === each.device));
      const changed = attachments.changed(stay, devices);
      await attachments.update(keeper, owner, stay, changed);
      state.attached = [...changed, ...come];
      state.volatile = { ...state.volatile, ...hiddenOf(leave), ...shownOf(come) };
    },
    async commit({ params, state }, writes) {
      const change = { ...params.after, ...state.ids?.row, ...(state.attached ? { attached: state.attached } : {}) };
      const volatile = { ...params.volatile, ...state.ids?.volatile, ...state.volatile };
      await writes.instances.update(params.id, change, volatile).catch((error: unknown) => {
        throw rowsRefused(error, () => new LxError('instance.changed', undefined, { cause: error }));
      });
      if (params.newNics) await claimNics(writes, params.id);
    },
    async undo({ params }) {
      const row = await store.instances.byId(params.id);
      if (!row) return;
      await limits.apply(row);
      const keeper = supervision.get(row.id);
      if (!keeper) return attachments.detach(row, params.plug.come);
      await attachments.unplug(keeper, row, [...params.plug.leave, ...params.plug.come]);
      await attachments.plug(keeper, row, params.plug.leave);
      const { devices } = await expansion.of({ ...row, ...params.after });
      await attachments.update(keeper, row, attachments.changed(row.attached, devices), row.attached);
    },
  };
}

/** What is made up anew each time, names on the host, does not count. */
function isSameChange(one: DeviceChange, other: DeviceChange): boolean {
  const of = ({ leave, come }: DeviceChange) => [leave, come].map((list) => list.map(({ device, options }) => ({ device, options })));
  return isDeepStrictEqual(of(one), of(other));
}

/** The fields of a row that a client may change. */
export function changeable({ description, ephemeral, config, devices, profiles }: InstanceRow): InstanceChange {
  return { description, ephemeral, config, devices, profiles };
}
