import { randomUUID } from 'node:crypto';
import { networkEntity } from '../entities/network.ts';
import type { NetworkRow } from '../rows.ts';
import type { Networks, New } from '../store.ts';
import type { Session } from './session.ts';
import { mustBeUuid, Table } from './table.ts';

const table = new Table<NetworkRow>(networkEntity);

export class PostgresNetworks implements Networks {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(project: string): Promise<NetworkRow[]> {
    return table.select(this.#session, 'WHERE project = $1 ORDER BY name COLLATE "C"', [project]);
  }

  get(project: string, name: string): Promise<NetworkRow | null> {
    return table.one(this.#session, 'project = $1 AND name = $2', [project, name]);
  }

  lock(project: string, name: string): Promise<NetworkRow | null> {
    return table.lock(this.#session, 'project = $1 AND name = $2', [project, name]);
  }

  async insert(row: New<NetworkRow, 'id'>): Promise<NetworkRow> {
    const whole: NetworkRow = { ...row, id: row.id ?? randomUUID() };
    await table.insert(this.#session, whole, 'made-up');
    return whole;
  }

  async update(id: string, change: Partial<Omit<NetworkRow, 'id'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }
}
