import { EntitySchema } from 'typeorm';
import { key, text } from './columns.ts';

export interface ConfigRow {
  key: string;
  value: string;
}

export const serverConfigEntity = new EntitySchema<ConfigRow>({
  name: 'server_config',
  columns: { key: key(text()), value: text() },
});
