import { randomUUID } from 'node:crypto';
import { poolEntity } from '../entities/storage.ts';
import type { PoolRow } from '../rows.ts';
import type { New, Pools } from '../store.ts';
import type { Session } from './session.ts';
import { isUuid, mustBeUuid, Table } from './table.ts';

const table = new Table<PoolRow>(poolEntity);

export class PostgresPools implements Pools {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(): Promise<PoolRow[]> {
    return table.select(this.#session, 'ORDER BY name COLLATE "C"');
  }

  get(name: string): Promise<PoolRow | null> {
    return table.one(this.#session, 'name = $1', [name]);
  }

  async byId(id: string): Promise<PoolRow | null> {
    return isUuid(id) ? table.one(this.#session, 'id = $1', [id]) : null;
  }

  lock(name: string): Promise<PoolRow | null> {
    return table.lock(this.#session, 'name = $1', [name]);
  }

  async insert(row: New<PoolRow, 'id'>): Promise<PoolRow> {
    const whole: PoolRow = { ...row, id: row.id ?? randomUUID() };
    await table.insert(this.#session, whole, 'made-up');
    return whole;
  }

  async update(id: string, change: Partial<Omit<PoolRow, 'id'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }
}
