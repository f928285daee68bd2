import { randomUUID } from 'node:crypto';
import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step, type StepContext } from '#lib/engine';
import type { Cgroups } from '#lib/host';
import type { RootName, SnapshotName, Storage } from '#lib/storage';
import type { InstanceRow, SnapshotRow, Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { knownRow } from '../read/rows.ts';
import { withRootIn } from '../root-pool.ts';
import { copyWishes } from '../steps/copying.ts';
import { mustThaw, stillOf, thawed } from '../steps/still.ts';
import { withoutAddresses } from './copy.ts';
import type { Supervision } from '../supervision.ts';

export type RefreshParams = {
  /** The copy that is refreshed. */
  id: string;
  project: string;
  name: string;
  /** What it is a copy of. */
  source: string;
  /** Without the snapshots. */
  alone: boolean;
  /** Name of the copy's pool, where the source is in another one or stands on another image. */
  pool?: string | null;
};
/** A snapshot of the source, and what it becomes. */
type Missing = { from: string; id: string; name: string };
type Extra = { id: string; name: string };
type RefreshState = {
  /** Id of what is cut of the source: a snapshot of it, or, where its content comes from elsewhere, of the copy. */
  cut: string;
  sourceName: string;
  /** The source ran and was not frozen: if it is found frozen, that was us. */
  thaw: boolean;
  missing: Missing[];
  extra: Extra[];
};
type RefreshStep = Step<RefreshParams, RefreshState>;

interface Using {
  store: Store;
  storage: Storage;
  supervision: Supervision;
  cgroups: Cgroups;
}

/**
 * Gives a copy, which does not run, what its source holds by now: the snapshots that it lacks come, those that the source does not
 * have go, and the root is that of the source. What it held is given up, so it is resumed after a crash; its configuration stays.
 */
export class Refresh {
  readonly operation: OperationSpec<RefreshParams, RefreshState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    const steps = [reserveStep(using), copyStep(using), rootStep(using), clearStep(using)];
    this.operation = defineOperation({ kind: 'instance.refresh', onCrash: 'resume', steps });
  }

  /** LxError 'instance.running' while the copy runs. */
  async begin(source: InstanceRow, copy: InstanceRow, alone: boolean, requestor?: Requestor): Promise<Operation> {
    const params = await this.prepare(source, copy, alone);
    return this.#acts.begin(this.operation, params, {
      of: copy,
      also: [source],
      requestor,
      mayCancel: true,
      announce: [{ action: 'instance-updated' }],
    });
  }

  async prepare(source: InstanceRow, { id, project, name }: InstanceRow, alone: boolean): Promise<RefreshParams> {
    const { store, storage, supervision } = this.#using;
    if (id === source.id) throw new LxError('request.invalid', { problems: ['An instance is no copy of itself'] });
    if (supervision.get(id)) throw new LxError('instance.running');
    const [from, to] = await Promise.all([source.id, id].map((each) => store.volumes.byId(each)));
    if (!from || !to) throw new LxError('volume.not_found');
    const pool = (await storage.roots.isLike(id, source.id)) ? null : ((await store.pools.byId(to.poolId))?.name ?? null);
    return { id, project, name, source: source.id, alone, pool };
  }
}

/** What is missing and what is too much, by name and time: a snapshot that was taken anew is another one. */
function reserveStep(using: Using): RefreshStep {
  const { store, storage, supervision } = using;
  return {
    name: 'reserve',
    async do({ params, state }) {
      if (supervision.get(params.id)) throw new LxError('instance.running');
      const [source, theirs, own] = await Promise.all([
        store.instances.byId(params.source),
        store.snapshots.list([params.source]),
        store.snapshots.list([params.id]),
      ]);
      if (!source) throw new LxError('instance.not_found');
      const same = (a: SnapshotRow) => (b: SnapshotRow) => a.name === b.name && a.createdAt.getTime() === b.createdAt.getTime();
      state.cut = randomUUID();
      state.sourceName = source.name;
      state.thaw = await mustThaw(using, params.source);
      state.extra = params.alone ? [] : own.filter((each) => !theirs.some(same(each))).map(({ id, name }) => ({ id, name }));
      state.missing = params.alone
        ? []
        : theirs.filter((each) => !own.some(same(each))).map(({ id, name }) => ({ from: id, id: randomUUID(), name }));
    },
    /** Names of the new ones may be those of some that go: they have their own when those are gone. */
    async commit({ params, state }, writes) {
      await storage.roots.reserveSnapshot(writes, cutOf(params, state));
      for (const each of state.missing ?? []) await storage.roots.reserveSnapshot(writes, arriving(params, each));
    },
    async undo({ params, state }) {
      await store.tx(async (writes) => {
        for (const each of state.missing ?? []) await storage.roots.remove(writes, each.id);
        if (state.cut) await storage.roots.remove(writes, cutOf(params, state).id);
      });
    },
  };
}

function copyStep(using: Using): RefreshStep {
  const { storage } = using;
  return {
    name: 'copy',
    async do(context) {
      const { params, state } = context;
      if (params.pool) return copyAcross(using, context, params.pool);
      await storage.roots.snapshot(cutOf(params, state), stillOf(using, params.source, state.thaw === true));
      for (const each of state.missing ?? []) await storage.roots.copySnapshot(arriving(params, each), each.from);
    },
    async undo({ params, state }) {
      await thawed(using, params.source, state.thaw);
      for (const each of state.missing ?? []) await storage.roots.delete(arriving(params, each));
      await storage.roots.delete(cutOf(params, state));
    },
  };
}

async function copyAcross(using: Using, context: StepContext<RefreshParams, RefreshState>, pool: string): Promise<void> {
  const { params, state } = context;
  const { roots } = using.storage;
  const taken = (state.missing ?? []).map((each) => ({ root: arriving(params, each), isSnapshot: true, from: each.from, still: null }));
  const still = stillOf(using, params.source, state.thaw === true);
  const copies = [...taken, { root: cutOf(params, state), isSnapshot: true, from: params.source, still }];
  await roots.copyAcross(pool, { image: await roots.imageOf(params.id), upon: params.id }, copies, copyWishes(context));
}

function rootStep({ storage, supervision }: Using): RefreshStep {
  return {
    name: 'root',
    irrevocable: true,
    async do({ params, state }) {
      if (supervision.get(params.id)) throw new LxError('instance.running');
      await storage.roots.restore(rootOf(params), cutOf(params, state).id);
    },
  };
}

/** What is too much goes, and with it its names; then the new ones are there. */
function clearStep({ storage }: Using): RefreshStep {
  return {
    name: 'clear',
    irrevocable: true,
    async do({ params, state }) {
      for (const each of state.extra ?? []) await storage.roots.delete(named(params, each));
      await storage.roots.delete(cutOf(params, state));
    },
    async commit({ params, state }, writes) {
      await storage.roots.remove(writes, cutOf(params, state).id);
      for (const { id } of state.extra ?? []) {
        await storage.roots.remove(writes, id);
        if (await writes.snapshots.byId(id)) await writes.snapshots.delete(id);
      }
      const { devices: own } = await knownRow(writes, params.id);
      for (const { id, from, name } of state.missing ?? []) {
        const snapshot = await writes.snapshots.byId(from);
        if (!snapshot) throw new LxError('snapshot.not_found');
        const devices = params.pool ? withRootIn(params.pool, snapshot.devices, own) : snapshot.devices;
        await writes.snapshots.insert({ ...snapshot, id, instanceId: params.id, devices, volatile: withoutAddresses(snapshot) });
        await storage.roots.rename(writes, id, `${params.name}/${name}`);
      }
    },
  };
}

function rootOf({ id, project, name }: RefreshParams): RootName {
  return { id, project, name };
}

function named({ id, project, name }: RefreshParams, snapshot: Extra): SnapshotName {
  return { id: snapshot.id, project, root: id, name: `${name}/${snapshot.name}` };
}

/** Until it has its name. */
function arriving(params: RefreshParams, { id }: Missing): SnapshotName {
  return named(params, { id, name: id });
}

function cutOf(params: RefreshParams, { cut = '', sourceName = '' }: Partial<RefreshState>): SnapshotName {
  const { project, source, pool } = params;
  if (pool) return named(params, { id: cut, name: cut });
  return { id: cut, project, root: source, name: `${sourceName}/${cut}` };
}
