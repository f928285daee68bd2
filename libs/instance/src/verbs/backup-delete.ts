import type { BackupFiles } from '#lib/archive';
import { defineOperation, type Operation, type OperationSpec, type Requestor } from '#lib/engine';
import { type BackupRow, type InstanceRow, unlessMissing } from '#lib/store';
import type { Acts } from '../act/acts.ts';

export type BackupDeleteParams = { id: string; backupId: string };

/** Cannot be undone, so it is resumed: the row goes last, and with it the name. */
export class BackupDelete {
  readonly operation: OperationSpec<BackupDeleteParams, Record<string, never>>;
  readonly #acts: Acts;

  constructor(acts: Acts, { backupFiles }: { backupFiles: BackupFiles }) {
    this.#acts = acts;
    this.operation = defineOperation({
      kind: 'backup.delete',
      makesRoom: true,
      onCrash: 'resume',
      steps: [
        {
          name: 'remove',
          do: ({ params }) => backupFiles.remove(params),
          commit: ({ params }, writes) => writes.backups.delete(params.backupId).catch(unlessMissing),
        },
      ],
    });
  }

  begin(row: InstanceRow, backup: BackupRow, requestor?: Requestor): Promise<Operation> {
    return this.#acts.begin(
      this.operation,
      { id: row.id, backupId: backup.id },
      {
        of: row,
        requestor,
        announce: [{ action: 'instance-backup-deleted', backup: backup.name }],
      },
    );
  }
}
