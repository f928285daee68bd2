import { EntitySchema } from 'typeorm';
import type { BackupRow } from '../rows.ts';
import { flag, key, nullable, text, time, uuid } from './columns.ts';

export const backupEntity = new EntitySchema<BackupRow>({
  name: 'instance_backup',
  columns: {
    id: key(uuid()),
    instanceId: { ...uuid(), name: 'instance_id' },
    name: text(),
    alone: flag(),
    createdAt: time('created_at'),
    expiresAt: nullable(time('expires_at')),
  },
  uniques: [{ name: 'instance_backup_name', columns: ['instanceId', 'name'] }],
  foreignKeys: [
    {
      name: 'instance_backup_instance',
      target: 'instance',
      columnNames: ['instanceId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});
