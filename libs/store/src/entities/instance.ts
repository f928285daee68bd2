import { EntitySchema } from 'typeorm';
import type { InstanceRow } from '../rows.ts';
import { flag, json, key, nullable, text, texts, time, uuid } from './columns.ts';

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
  },
  uniques: [{ name: 'instance_project_name', columns: ['project', 'name'] }],
});
