import { EntitySchema } from 'typeorm';
import type { SnapshotRow } from '../rows.ts';
import { flag, json, key, nullable, text, texts, time, uuid } from './columns.ts';

/** Its profiles are names and no references: a profile may go while snapshots remember it. */
export const snapshotEntity = new EntitySchema<SnapshotRow>({
  name: 'instance_snapshot',
  columns: {
    id: key(uuid()),
    instanceId: { ...uuid(), name: 'instance_id' },
    name: text(),
    architecture: text(),
    ephemeral: flag(),
    config: json(),
    volatile: json(),
    devices: json(),
    profiles: texts(),
    createdAt: time('created_at'),
    expiresAt: nullable(time('expires_at')),
  },
  uniques: [{ name: 'instance_snapshot_name', columns: ['instanceId', 'name'] }],
  foreignKeys: [
    {
      name: 'instance_snapshot_instance',
      target: 'instance',
      columnNames: ['instanceId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});
