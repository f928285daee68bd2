import { EntitySchema } from 'typeorm';
import type { ServerRow } from '../rows.ts';
import { integer, key, text, time, uuid } from './columns.ts';

export const serverEntity = new EntitySchema<ServerRow>({
  name: 'server',
  columns: { id: key(uuid()), name: text(), address: text(), version: text(), epoch: integer(), heartbeat: time() },
});
