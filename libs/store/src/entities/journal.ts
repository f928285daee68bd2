import { EntitySchema } from 'typeorm';
import type { EventRow, OperationRow } from '../rows.ts';
import { bigint, flag, integer, json, key, nullable, type Owned, owner, ownerReference, text, texts, time, uuid } from './columns.ts';

export const operationEntity = new EntitySchema<OperationRow & Owned>({
  name: 'operation',
  columns: {
    id: key(uuid()),
    project: text(),
    kind: text(),
    class: text(),
    statusCode: integer('status_code'),
    resources: nullable(json()),
    metadata: nullable(json()),
    error: text(),
    mayCancel: flag('may_cancel'),
    locks: texts(),
    revision: integer(),
    params: json(),
    state: json(),
    begun: texts(),
    finished: texts(),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    serverId: owner(),
  },
  foreignKeys: [ownerReference('operation')],
});

export const eventEntity = new EntitySchema<EventRow>({
  name: 'event',
  columns: {
    id: { ...key(bigint()), generated: 'increment' },
    type: text(),
    project: text(),
    at: time(),
    metadata: json(),
  },
});
