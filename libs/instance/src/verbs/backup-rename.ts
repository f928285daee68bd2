import { backupNameProblems } from '#lib/archive';
import { LxError, refuse } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor } from '#lib/engine';
import { type BackupRow, type InstanceRow, RowConflict, type Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';

export type BackupRenameParams = { id: string; instance: string; backupId: string; newName: string };

/** A name is a row: the file is kept by id. */
export class BackupRename {
  readonly operation: OperationSpec<BackupRenameParams, Record<string, never>>;
  readonly #acts: Acts;
  readonly #store: Store;

  constructor(acts: Acts, { store }: { store: Store }) {
    this.#acts = acts;
    this.#store = store;
    this.operation = defineOperation({
      kind: 'backup.rename',
      onCrash: 'resume',
      steps: [
        {
          name: 'rename',
          async do({ params }) {
            if (!(await store.backups.byId(params.backupId))) throw new LxError('backup.not_found');
          },
          commit: ({ params: { backupId, instance, newName } }, writes) =>
            writes.backups.update(backupId, { name: newName }).catch((error: unknown) => {
              if (error instanceof RowConflict) throw new LxError('backup.exists', { name: `${instance}/${newName}` }, { cause: error });
              throw error;
            }),
        },
      ],
    });
  }

  async begin(row: InstanceRow, backup: BackupRow, newName: string, requestor?: Requestor): Promise<Operation> {
    refuse(backupNameProblems(newName));
    if (await this.#store.backups.get(row.id, newName)) throw new LxError('backup.exists', { name: `${row.name}/${newName}` });
    const params = { id: row.id, instance: row.name, backupId: backup.id, newName };
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      announce: [{ action: 'instance-backup-renamed', backup: newName, context: { old_name: backup.name } }],
    });
  }
}
