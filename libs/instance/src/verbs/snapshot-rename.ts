import { LxError, refuse, snapshotNameProblems } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor } from '#lib/engine';
import type { Storage } from '#lib/storage';
import { type InstanceRow, RowConflict, type SnapshotRow, type Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';

export type SnapshotRenameParams = { id: string; instance: string; snapshotId: string; newName: string };

/** A name is a row: the root is kept by id. */
export class SnapshotRename {
  readonly operation: OperationSpec<SnapshotRenameParams, Record<string, never>>;
  readonly #acts: Acts;
  readonly #store: Store;

  constructor(acts: Acts, { store, storage }: { store: Store; storage: Storage }) {
    this.#acts = acts;
    this.#store = store;
    this.operation = defineOperation({
      kind: 'snapshot.rename',
      onCrash: 'resume',
      steps: [
        {
          name: 'rename',
          async do({ params }) {
            if (!(await store.snapshots.byId(params.snapshotId))) throw new LxError('snapshot.not_found');
          },
          async commit({ params: { snapshotId, instance, newName } }, writes) {
            await writes.snapshots.update(snapshotId, { name: newName }).catch((error: unknown) => {
              if (error instanceof RowConflict)
                throw new LxError('instance.name_in_use', { name: `${instance}/${newName}` }, { cause: error });
              throw error;
            });
            await storage.roots.rename(writes, snapshotId, `${instance}/${newName}`);
          },
        },
      ],
    });
  }

  async begin(row: InstanceRow, snapshot: SnapshotRow, newName: string, requestor?: Requestor): Promise<Operation> {
    refuse(snapshotNameProblems(newName));
    if (await this.#store.snapshots.get(row.id, newName)) throw new LxError('instance.name_in_use', { name: `${row.name}/${newName}` });
    const params = { id: row.id, instance: row.name, snapshotId: snapshot.id, newName };
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      snapshots: [snapshot.name],
      announce: [{ action: 'instance-snapshot-renamed', snapshot: newName, context: { old_name: snapshot.name } }],
    });
  }
}
