import { EntitySchema } from 'typeorm';
import type { InstanceRow } from '../rows.ts';
import { bigint, flag, json, key, nullable, text, texts, time, uuid } from './columns.ts';

/** An instance's ids are its own. */
const idsApart = 'USING gist (int8range(id_base, id_base + id_count) WITH &&) WHERE (id_base IS NOT NULL)';

export const instanceEntity = new EntitySchema<InstanceRow>({
  name: 'instance',
  columns: {
    id: key(uuid()),
    project: text(),
    name: text(),
    architecture: text(),
    description: text(),
    ephemeral: flag(),
    config: json(),
    volatile: json(),
    devices: json(),
    profiles: texts(),
    power: text(),
    createdAt: time('created_at'),
    lastUsedAt: nullable(time('last_used_at')),
    idBase: nullable(bigint('id_base')),
    idCount: nullable(bigint('id_count')),
  },
  exclusions: [{ name: 'instance_ids', expression: idsApart }],
  uniques: [{ name: 'instance_project_name', columns: ['project', 'name'] }],
});
