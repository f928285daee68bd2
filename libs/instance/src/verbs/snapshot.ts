import { randomUUID } from 'node:crypto';
import { badExpiry, keyOf, LxError, nextGoodName, problemsOf, readExpiry, refuse, snapshotNameProblems } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Cgroups } from '#lib/host';
import type { Expansion } from '#lib/profile';
import type { SnapshotName, Storage } from '#lib/storage';
import { type InstanceRow, RowConflict, type SnapshotRow, type Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { knownRow } from '../read/rows.ts';
import { mustThaw, stillOf, thawed } from '../steps/still.ts';
import type { Supervision } from '../supervision.ts';
import { scheduledKey } from '../volatile.ts';

export interface SnapshotRequest {
  /** Empty: the next of the instance's pattern. */
  name: string;
  stateful: boolean;
  /** RFC 3339; null: as the instance's snapshots.expiry says. */
  expiresAt: string | null;
}

export type SnapshotParams = {
  /** The instance's. */
  id: string;
  project: string;
  name: string;
  snapshotId: string;
  snapshot: string;
  /** RFC 3339. */
  createdAt: string;
  expiresAt: string | null;
  /** The minute of the instance's schedule that it is taken for, and the one before; RFC 3339. */
  scheduled?: { minute: string; before: string | null } | null;
};
type SnapshotState = {
  /** It ran and was not frozen: if it is found frozen, that was us. */
  thaw: boolean;
};
type SnapshotStep = Step<SnapshotParams, SnapshotState>;

interface Using {
  store: Store;
  storage: Storage;
  supervision: Supervision;
  cgroups: Cgroups;
  expansion: Expansion;
  now: () => Date;
}

/** Takes a snapshot: its rows, which reserve the name, then its root. A running instance is frozen while the cut is made, not longer. */
export class Snapshot {
  readonly operation: OperationSpec<SnapshotParams, SnapshotState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    this.operation = defineOperation({ kind: 'snapshot.create', onCrash: 'unwind', steps: [reserveStep(using), cutStep(using)] });
  }

  /** `scheduled`: the minute that it is taken for, and that is seen to with it. */
  async begin(row: InstanceRow, request: SnapshotRequest, requestor?: Requestor, scheduled: Date | null = null): Promise<Operation> {
    const params: SnapshotParams = {
      ...(await this.prepare(row, request)),
      scheduled: scheduled && { minute: scheduled.toISOString(), before: row.volatile[scheduledKey] ?? null },
    };
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      snapshots: [params.snapshot],
      announce: [{ action: 'instance-snapshot-created', snapshot: params.snapshot }],
    });
  }

  async prepare(row: InstanceRow, { name, stateful, expiresAt }: SnapshotRequest): Promise<SnapshotParams> {
    const { store, supervision, expansion, now } = this.#using;
    const at = now();
    const expires = expiresAt === null ? undefined : readExpiry(expiresAt);
    const running = supervision.get(row.id) !== null;
    refuse([
      ...(name === '' ? [] : snapshotNameProblems(name)),
      ...problemsOf([
        [expiresAt !== null && expires === undefined, badExpiry(expiresAt)],
        [stateful && !running, "Unable to create a stateful snapshot. The instance isn't running"],
      ]),
    ]);
    if (stateful) throw new LxError('request.unsupported', { what: 'stateful snapshots' });
    const [{ config }, taken] = await Promise.all([expansion.of(row), store.snapshots.list([row.id])]);
    const names = taken.map((each) => each.name);
    if (names.includes(name)) throw new LxError('snapshot.exists', { name });
    return {
      id: row.id,
      project: row.project,
      name: row.name,
      snapshotId: randomUUID(),
      snapshot: name || nextGoodName(keyOf(config, 'snapshots.pattern')?.(at) ?? 'snap%d', names),
      createdAt: at.toISOString(),
      expiresAt: (expires === undefined ? keyOf(config, 'snapshots.expiry')?.(at) : expires)?.toISOString() ?? null,
    };
  }
}

/** The rows: from here on the name is taken. The snapshot is what the instance's row is now. */
function reserveStep(using: Using): SnapshotStep {
  const { store, storage } = using;
  return {
    name: 'reserve',
    rowsOnly: () => true,
    async do({ params, state }) {
      state.thaw = await mustThaw(using, params.id);
    },
    async commit({ params }, writes) {
      const row = await knownRow(writes, params.id);
      await writes.snapshots.insert(rowOf(params, row)).catch((error: unknown) => {
        if (error instanceof RowConflict && error.constraint === 'instance_snapshot_name')
          throw new LxError('snapshot.exists', { name: params.snapshot }, { cause: error });
        throw error;
      });
      await storage.roots.reserveSnapshot(writes, volumeOf(params));
      if (params.scheduled) await writes.instances.mergeVolatile(params.id, { [scheduledKey]: params.scheduled.minute });
    },
    async undo({ params }) {
      if (!(await store.snapshots.byId(params.snapshotId))) return;
      await store.tx(async (writes) => {
        await storage.roots.remove(writes, params.snapshotId);
        await writes.snapshots.delete(params.snapshotId);
        if (params.scheduled) await writes.instances.mergeVolatile(params.id, { [scheduledKey]: params.scheduled.before });
      });
    },
  };
}

function cutStep(using: Using): SnapshotStep {
  const { storage } = using;
  return {
    name: 'cut',
    do: ({ params, state }) => storage.roots.snapshot(volumeOf(params), stillOf(using, params.id, state.thaw === true)),
    async undo({ params, state }) {
      await thawed(using, params.id, state.thaw);
      await storage.roots.delete(volumeOf(params));
    },
  };
}

function volumeOf({ id, project, name, snapshot, snapshotId }: SnapshotParams): SnapshotName {
  return { id: snapshotId, project, root: id, name: `${name}/${snapshot}` };
}

function rowOf(params: SnapshotParams, { architecture, ephemeral, config, volatile, devices, profiles }: InstanceRow): SnapshotRow {
  return {
    id: params.snapshotId,
    instanceId: params.id,
    name: params.snapshot,
    ...{ architecture, ephemeral, config, volatile, devices, profiles },
    createdAt: new Date(params.createdAt),
    expiresAt: params.expiresAt === null ? null : new Date(params.expiresAt),
  };
}
