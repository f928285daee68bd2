import { EntitySchema } from 'typeorm';
import type { PoolRow, VolumeRow } from '../rows.ts';
import { json, key, nullable, text, time, uuid } from './columns.ts';

export const poolEntity = new EntitySchema<PoolRow>({
  name: 'pool',
  columns: { id: key(uuid()), name: text(), driver: text(), description: text(), config: json() },
  uniques: [{ name: 'pool_name', columns: ['name'] }],
});

/** A pool that has volumes cannot be deleted (volume_pool restricts). */
export const volumeEntity = new EntitySchema<VolumeRow>({
  name: 'volume',
  columns: {
    id: key(uuid()),
    parentId: nullable({ ...uuid(), name: 'parent_id' }),
    poolId: { ...uuid(), name: 'pool_id' },
    project: text(),
    name: text(),
    type: text(),
    contentType: text('content_type'),
    description: text(),
    config: json(),
    createdAt: time('created_at'),
    expiresAt: nullable(time('expires_at')),
  },
  uniques: [{ name: 'volume_pool_project_type_name', columns: ['poolId', 'project', 'type', 'name'] }],
  foreignKeys: [
    { name: 'volume_pool', target: 'pool', columnNames: ['poolId'], referencedColumnNames: ['id'] },
    { name: 'volume_parent', target: 'volume', columnNames: ['parentId'], referencedColumnNames: ['id'] },
  ],
  indices: [{ name: 'volume_parent_id', columns: ['parentId'] }],
});
