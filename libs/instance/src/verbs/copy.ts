import { randomUUID } from 'node:crypto';
import type { StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Cgroups } from '#lib/host';
import type { Storage } from '#lib/storage';
import type { InstanceRow, ProfileRow, SnapshotRow, Store } from '#lib/store';
import type { IdAllocation } from '../ids/allocation.ts';
import type { MetadataFiles } from '../metadata/metadata-files.ts';
import { withRootIn } from '../root-pool.ts';
import { copyWishes } from '../steps/copying.ts';
import { type LaunchUsing, launchStep } from '../steps/launch.ts';
import type { Removal } from '../steps/remove.ts';
import { newIds, reserveRows } from '../steps/reserve.ts';
import { mustThaw, stillOf, thawed } from '../steps/still.ts';
import { baseImageKey, templateKey, withoutNotesOf } from '../volatile.ts';
import { type Create, type CreateParams, type CreateRequest, type CreateState, rowOf } from './create.ts';

export interface CopyRequest extends Omit<CreateRequest, 'source'> {
  /** A snapshot of it; null: as it is now. */
  snapshot: string | null;
  /** Without its snapshots. */
  alone: boolean;
}

export type CopyParams = CreateParams & {
  /** Id of the root or snapshot that is copied, and of its instance. */
  from: string;
  source: string;
  alone: boolean;
  /** From another pool. */
  across: boolean;
};
/** `from`: a snapshot of the source; `id`: what it becomes. */
type Copied = { from: string; id: string; name: string };
type CopyState = CreateState & {
  thaw: boolean;
  snapshots: Copied[];
  /** From another pool: the image that it stands on in this one. */
  image: string | null;
};
type CopyStep = Step<CopyParams, CopyState>;

interface Using extends LaunchUsing {
  storage: Storage;
  cgroups: Cgroups;
  removal: Removal;
  metadataFiles: MetadataFiles;
  ids: IdAllocation;
}

/** Makes an instance like another one, or like a snapshot. The source is held for as long; it is frozen, if it runs, while its root is copied. */
export class Copy {
  readonly operation: OperationSpec<CopyParams, CopyState>;
  readonly #create: Create;
  readonly #using: Using;

  constructor(create: Create, using: Using) {
    this.#create = create;
    this.#using = using;
    const steps = [reserveStep(using, create.seen), rootStep(using), launchStep<CopyParams, CopyState>(using, 'keep')];
    this.operation = defineOperation({ kind: 'instance.copy', onCrash: 'unwind', steps });
  }

  async begin(source: InstanceRow, request: CopyRequest, requestor?: Requestor): Promise<Operation> {
    const params = await this.prepare(source, request);
    return this.#create.beginMade(this.operation, params, { also: [source], requestor, mayCancel: true });
  }

  /** What the request does not say is as in the source, but for what only one instance can have. */
  async prepare(source: InstanceRow, { snapshot, alone, ...request }: CopyRequest): Promise<CopyParams> {
    const { store, storage } = this.#using;
    const like = snapshot === null ? source : await store.snapshots.get(source.id, snapshot);
    if (!like) throw new LxError('snapshot.not_found');
    const { [baseImageKey]: _, ...config } = withoutNotesOf(source, request.config);
    const params = await this.#create.prepare(source.project, {
      ...request,
      config: { ...like.config, ...config },
      devices: { ...like.devices, ...request.devices },
      profiles: request.profiles ?? like.profiles,
      source: { type: 'none' },
    });
    let across = false;
    try {
      const [volume, pool] = await Promise.all([store.volumes.byId(like.id), storage.pools.get(params.pool)]);
      across = volume?.poolId !== pool.id;
    } catch (error) {
      this.#create.forget(params.id);
      throw error;
    }
    const { [baseImageKey]: base } = like.volatile;
    const volatile = { ...params.volatile, [templateKey]: 'copy', ...(base === undefined ? {} : { [baseImageKey]: base }) };
    return { ...params, volatile, from: like.id, source: source.id, alone: alone || snapshot !== null, across };
  }
}

/** The rows of the instance and its snapshots: from here on the name is taken. */
function reserveStep(using: Using, seen: ReadonlyMap<string, ProfileRow[]>): CopyStep {
  const { store, storage, ids, removal } = using;
  return {
    name: 'reserve',
    rowsOnly: () => true,
    async do({ params, state }) {
      state.ids = await newIds(ids, params);
      state.thaw = params.from === params.source && (await mustThaw(using, params.source));
      state.image = params.across ? await storage.roots.imageAcross(params.pool, params.from) : null;
      const snapshots = params.alone ? [] : await store.snapshots.list([params.source]);
      state.snapshots = snapshots.map(({ id, name }) => ({ from: id, id: randomUUID(), name }));
    },
    async commit({ params, state }, writes) {
      const { alone, from, source, across, ...own } = params;
      await reserveRows(writes, rowOf(own, state), { nics: params.nics, seen: seen.get(params.id) }, () =>
        across
          ? storage.roots.reserve(writes, { ...params, image: state.image ?? null })
          : storage.roots.reserveCopy(writes, params, params.from),
      );
      for (const copied of state.snapshots ?? []) await reserveSnapshot(writes, params, copied);
    },
    undo: ({ params }) => removal.undoRows(params),
  };

  async function reserveSnapshot(
    writes: Store,
    { id, project, name, across, pool, devices: own }: CopyParams,
    copied: Copied,
  ): Promise<void> {
    const snapshot = await writes.snapshots.byId(copied.from);
    if (!snapshot) throw new LxError('snapshot.not_found');
    const devices = across ? withRootIn(pool, snapshot.devices, own) : snapshot.devices;
    await writes.snapshots.insert({ ...snapshot, id: copied.id, instanceId: id, devices, volatile: withoutAddresses(snapshot) });
    await storage.roots.reserveSnapshot(writes, { id: copied.id, project, root: id, name: `${name}/${copied.name}` });
  }
}

/** Addresses are the source's, also after a restore of the copy. */
export function withoutAddresses({ volatile }: SnapshotRow): StringMap {
  return Object.fromEntries(Object.entries(volatile).filter(([key]) => !key.endsWith('.hwaddr')));
}

function rootStep(using: Using): CopyStep {
  const { storage, metadataFiles, removal } = using;
  const named = ({ id, project, name }: CopyParams, copied: Copied) => ({
    id: copied.id,
    project,
    root: id,
    name: `${name}/${copied.name}`,
  });
  return {
    name: 'root',
    joined: true,
    async do(context) {
      const { params, state } = context;
      const snapshots = state.snapshots ?? [];
      await metadataFiles.copy({ id: params.source }, params);
      const still = params.from === params.source ? stillOf(using, params.source, state.thaw === true) : null;
      const wishes = copyWishes(context);
      if (params.across) {
        const taken = snapshots.map((copied) => ({ root: named(params, copied), isSnapshot: true, from: copied.from, still: null }));
        const copies = [...taken, { root: params, isSnapshot: false, from: params.from, still }];
        return storage.roots.copyAcross(params.pool, { image: state.image ?? null }, copies, wishes);
      }
      for (const copied of snapshots) await storage.roots.copySnapshot(named(params, copied), copied.from);
      await storage.roots.copy(params, params.from, still, wishes);
    },
    async undo({ params, state }) {
      await thawed(using, params.source, state.thaw);
      for (const copied of state.snapshots ?? []) await storage.roots.delete(named(params, copied));
      await removal.undoRoot(params);
    },
  };
}
