import { operationEntity } from '../entities/journal.ts';
import type { OperationRow } from '../rows.ts';
import type { Operations } from '../store.ts';
import type { Session } from './session.ts';
import { isUuid, mustBeUuid, Table } from './table.ts';

const table = new Table<OperationRow>(operationEntity);

export class PostgresOperations implements Operations {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  insert(row: OperationRow): Promise<void> {
    return table.insert(this.#session, row, 'made-up');
  }

  async update(id: string, change: Partial<Omit<OperationRow, 'id'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  unfinished(): Promise<OperationRow[]> {
    return table.select(this.#session, 'WHERE status_code < 200 ORDER BY created_at, id');
  }

  async get(id: string): Promise<OperationRow | null> {
    return isUuid(id) ? table.one(this.#session, 'id = $1', [id]) : null;
  }

  async deleteFinishedBefore(at: Date): Promise<number> {
    const sql = 'DELETE FROM operation WHERE status_code >= 200 AND updated_at < $1';
    return (await this.#session.write(sql, [at], { kind: 'harmless' })).count;
  }
}
