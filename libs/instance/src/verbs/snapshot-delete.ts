import { defineOperation, type Operation, type OperationSpec, type Requestor } from '#lib/engine';
import type { Storage } from '#lib/storage';
import type { InstanceRow, SnapshotRow } from '#lib/store';
import type { Acts } from '../act/acts.ts';

export type SnapshotDeleteParams = { id: string; project: string; snapshotId: string; name: string };

/** Cannot be undone, so it is resumed: the rows go last, and with them the name. */
export class SnapshotDelete {
  readonly operation: OperationSpec<SnapshotDeleteParams, Record<string, never>>;
  readonly #acts: Acts;

  constructor(acts: Acts, { storage }: { storage: Storage }) {
    this.#acts = acts;
    this.operation = defineOperation({
      kind: 'snapshot.delete',
      makesRoom: true,
      onCrash: 'resume',
      steps: [
        {
          name: 'remove',
          do: ({ params: { snapshotId, project, name } }) => storage.roots.delete({ id: snapshotId, project, name }),
          async commit({ params: { snapshotId } }, writes) {
            await storage.roots.remove(writes, snapshotId);
            if (await writes.snapshots.byId(snapshotId)) await writes.snapshots.delete(snapshotId);
          },
        },
      ],
    });
  }

  async begin(row: InstanceRow, snapshot: SnapshotRow, requestor?: Requestor): Promise<Operation> {
    const params = { id: row.id, project: row.project, snapshotId: snapshot.id, name: `${row.name}/${snapshot.name}` };
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      snapshots: [snapshot.name],
      announce: [{ action: 'instance-snapshot-deleted', snapshot: snapshot.name }],
    });
  }
}
