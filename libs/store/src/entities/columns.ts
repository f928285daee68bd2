import type { EntitySchemaColumnOptions } from 'typeorm';

/** Column kinds of this schema. One function each, so that an entity reads as a table. */
type Column = EntitySchemaColumnOptions;

export const uuid = (): Column => ({ type: 'uuid' });
export const text = (name?: string): Column => ({ type: 'text', ...(name ? { name } : {}) });
export const texts = (name?: string): Column => ({ type: 'text', array: true, ...(name ? { name } : {}) });
export const flag = (name?: string): Column => ({ type: 'boolean', ...(name ? { name } : {}) });
export const integer = (name?: string): Column => ({ type: 'integer', ...(name ? { name } : {}) });
export const bigint = (name?: string): Column => ({ type: 'bigint', ...(name ? { name } : {}) });
export const json = (name?: string): Column => ({ type: 'jsonb', ...(name ? { name } : {}) });
export const time = (name?: string): Column => ({ type: 'timestamptz', ...(name ? { name } : {}) });
/** The server that runs what the row is about: the database fills it in from the connection (open-store.ts). */
export const owner = (): Column => ({
  type: 'uuid',
  name: 'server_id',
  nullable: true,
  default: () => 'current_server()',
  select: false,
  insert: false,
});
export const key = (column: Column): Column => ({ ...column, primary: true });
export const nullable = (column: Column): Column => ({ ...column, nullable: true });

export interface Owned {
  serverId: string | null;
}

export const ownerReference = (table: string) => ({
  name: `${table}_server`,
  target: 'server',
  columnNames: ['serverId'],
  referencedColumnNames: ['id'],
});
