import { EntitySchema } from 'typeorm';
import type { BackupRow } from '../rows.ts';
import { flag, key, nullable, text, time, uuid } from './columns.ts';

export const instanceBackupEntity = backupsOf('instance');
export const volumeBackupEntity = backupsOf('volume');

function backupsOf(owner: 'instance' | 'volume') {
  return new EntitySchema<BackupRow>({
    name: `${owner}_backup`,
    columns: {
      id: key(uuid()),
      ownerId: { ...uuid(), name: `${owner}_id` },
      name: text(),
      alone: flag(),
      createdAt: time('created_at'),
      expiresAt: nullable(time('expires_at')),
    },
    uniques: [{ name: `${owner}_backup_name`, columns: ['ownerId', 'name'] }],
    foreignKeys: [
      {
        name: `${owner}_backup_${owner}`,
        target: owner,
        columnNames: ['ownerId'],
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  });
}
