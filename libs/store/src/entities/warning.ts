import { EntitySchema } from 'typeorm';
import type { WarningRow } from '../rows.ts';
import { integer, key, type Owned, owner, ownerReference, text, time, uuid } from './columns.ts';

/** What it is about is no reference: a warning may be read after its instance is gone. */
export const warningEntity = new EntitySchema<WarningRow & Owned>({
  name: 'warning',
  columns: {
    id: key(uuid()),
    serverId: owner(),
    type: text(),
    project: text(),
    entity: text(),
    entityId: text('entity_id'),
    status: text(),
    count: integer(),
    message: text(),
    firstSeenAt: time('first_seen_at'),
    lastSeenAt: time('last_seen_at'),
    updatedAt: time('updated_at'),
  },
  foreignKeys: [ownerReference('warning')],
});
