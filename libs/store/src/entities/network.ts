import { EntitySchema } from 'typeorm';
import type { NetworkRow } from '../rows.ts';
import { json, key, text, uuid } from './columns.ts';

export const networkEntity = new EntitySchema<NetworkRow>({
  name: 'network',
  columns: { id: key(uuid()), project: text(), name: text(), type: text(), description: text(), config: json() },
  uniques: [{ name: 'network_project_name', columns: ['project', 'name'] }],
});
