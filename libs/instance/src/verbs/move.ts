import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Moved, Storage } from '#lib/storage';
import type { InstanceRow, Store } from '#lib/store';
import { rootDisk } from '#lib/device';
import { expand } from '#lib/profile';
import type { Acts } from '../act/acts.ts';
import { knownRow } from '../read/rows.ts';
import { rowsRefused } from '../references.ts';
import { inheritedDevices, ownRootIn } from '../root-pool.ts';
import { copyWishes } from '../steps/copying.ts';
import type { Supervision } from '../supervision.ts';

export type MoveParams = {
  id: string;
  project: string;
  name: string;
  /** Name of the pool that it goes to. */
  pool: string;
  /** Id of the one that it comes from. */
  from: string;
};
type Taken = { id: string; name: string };
type MoveState = {
  snapshots: Taken[];
  /** What it stands on there. */
  image: string | null;
};
type MoveStep = Step<MoveParams, MoveState>;

interface Using {
  store: Store;
  storage: Storage;
  supervision: Supervision;
  report: (message: string, cause: unknown) => void;
}

/** Takes an instance that does not run, and its snapshots, to another pool: the copy, the rows that say so, and what it had goes. */
export class Move {
  readonly operation: OperationSpec<MoveParams, MoveState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    const steps = [copyStep(using), switchStep(using), clearStep(using)];
    this.operation = defineOperation({ kind: 'instance.move', onCrash: 'resume', steps });
  }

  async begin(row: InstanceRow, pool: string, requestor?: Requestor): Promise<Operation> {
    const params = await this.prepare(row, pool);
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      mayCancel: true,
      announce: [{ action: 'instance-updated', context: { 'storage-pool': pool } }],
    });
  }

  /** LxError 'pool.not_found', 'instance.running', 'pool.no_quota'. */
  async prepare({ id, project, name, ...row }: InstanceRow, pool: string): Promise<MoveParams> {
    const { store, storage, supervision } = this.#using;
    const [to, volume] = await Promise.all([storage.pools.get(pool), store.volumes.byId(id)]);
    if (volume === null) throw new LxError('volume.not_found');
    if (volume.poolId === to.id) throw new LxError('instance.in_pool', { pool });
    if (supervision.get(id)) throw new LxError('instance.running');
    const sized = rootDisk(expand(await store.profiles.many(project, row.profiles), row).devices)?.size;
    const lack = sized ? await storage.pools.noQuota(pool) : null;
    if (lack) throw lack;
    return { id, project, name, pool, from: volume.poolId };
  }
}

function copyStep({ store, storage, supervision }: Using): MoveStep {
  return {
    name: 'copy',
    async do(context) {
      const { params, state } = context;
      if (supervision.get(params.id)) throw new LxError('instance.running');
      state.image = await storage.roots.imageAcross(params.pool, params.id);
      state.snapshots = (await store.snapshots.list([params.id])).map(({ id, name }) => ({ id, name }));
      await storage.moves.copy(params.pool, state.image, movedOf(params, state), copyWishes(context));
    },
    undo: ({ params, state }) => storage.moves.takeBack(params.pool, movedOf(params, state)),
  };
}

function switchStep({ store, storage }: Using): MoveStep {
  return {
    name: 'switch',
    irrevocable: true,
    async do() {},
    async commit({ params, state }, writes) {
      const row = await knownRow(writes, params.id);
      const snapshots = await writes.snapshots.list([params.id]);
      const names = [...new Set([row, ...snapshots].flatMap(({ profiles }) => profiles))];
      const profiles = await store.profiles.many(params.project, names);
      const moved = (of: Pick<InstanceRow, 'devices' | 'profiles'>) =>
        ownRootIn(params.pool, of.devices, inheritedDevices(of.profiles, profiles));
      try {
        await writes.instances.update(params.id, { devices: moved(row) });
      } catch (error) {
        throw rowsRefused(error, () => new LxError('instance.changed', undefined, { cause: error }));
      }
      for (const each of snapshots) await writes.snapshots.update(each.id, { devices: moved(each) });
      await storage.moves.settle(writes, params.pool, state.image ?? null, movedOf(params, state));
    },
  };
}

/** It has moved by now: what cannot be removed is told of. */
function clearStep({ storage, report }: Using): MoveStep {
  return {
    name: 'clear',
    irrevocable: true,
    async do({ params, state }) {
      const clearing = storage.moves.clear(params.from, movedOf(params, state));
      await clearing.catch((error: unknown) => report(`the old place of ${params.name}`, error));
    },
  };
}

function movedOf({ id, project, name }: MoveParams, { snapshots = [] }: Partial<MoveState>): Moved[] {
  const taken = snapshots.map((each) => ({ root: { id: each.id, project, name: `${name}/${each.name}` }, isSnapshot: true }));
  return [...taken, { root: { id, project, name }, isSnapshot: false }];
}
