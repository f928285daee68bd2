import { badExpiry, LxError, readExpiry, refuse } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor } from '#lib/engine';
import type { InstanceRow, SnapshotRow, Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';

/** `expiresAt`: RFC 3339; null: never. */
export type SnapshotUpdateParams = { id: string; snapshotId: string; expiresAt: string | null };

/** All that can be changed of a snapshot is when it ends. */
export class SnapshotUpdate {
  readonly operation: OperationSpec<SnapshotUpdateParams, Record<string, never>>;
  readonly #acts: Acts;

  constructor(acts: Acts, { store }: { store: Store }) {
    this.#acts = acts;
    this.operation = defineOperation({
      kind: 'snapshot.update',
      onCrash: 'unwind',
      steps: [
        {
          name: 'write',
          async do({ params }) {
            if (!(await store.snapshots.byId(params.snapshotId))) throw new LxError('snapshot.not_found');
          },
          commit: ({ params: { snapshotId, expiresAt } }, writes) =>
            writes.snapshots.update(snapshotId, { expiresAt: expiresAt === null ? null : new Date(expiresAt) }),
        },
      ],
    });
  }

  async begin(row: InstanceRow, snapshot: SnapshotRow, expiresAt: string, requestor?: Requestor): Promise<Operation> {
    const expires = readExpiry(expiresAt);
    refuse(expires === undefined ? [badExpiry(expiresAt)] : []);
    const params = { id: row.id, snapshotId: snapshot.id, expiresAt: expires?.toISOString() ?? null };
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      snapshots: [snapshot.name],
      announce: [{ action: 'instance-snapshot-updated', snapshot: snapshot.name }],
    });
  }
}
