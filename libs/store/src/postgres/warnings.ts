import { warningEntity } from '../entities/warning.ts';
import type { WarningRow } from '../rows.ts';
import type { Warnings } from '../store.ts';
import type { Session } from './session.ts';
import { isOwn, isUuid, mustBeUuid, Table } from './table.ts';

const table = new Table<WarningRow>(warningEntity);

export class PostgresWarnings implements Warnings {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(): Promise<WarningRow[]> {
    return table.select(this.#session, `WHERE ${isOwn} ORDER BY first_seen_at, id`);
  }

  async get(id: string): Promise<WarningRow | null> {
    return isUuid(id) ? table.one(this.#session, `id = $1 AND ${isOwn}`, [id]) : null;
  }

  about(type: string, entity: WarningRow['entity'], entityId: string): Promise<WarningRow | null> {
    return table.one(this.#session, `type = $1 AND entity = $2 AND entity_id = $3 AND ${isOwn}`, [type, entity, entityId]);
  }

  insert(row: WarningRow): Promise<void> {
    return table.insert(this.#session, row, 'made-up');
  }

  async update(id: string, change: Partial<Omit<WarningRow, 'id'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }

  async deleteResolvedBefore(at: Date): Promise<void> {
    const sql = `DELETE FROM warning WHERE status = 'resolved' AND updated_at < $1 AND ${isOwn}`;
    await this.#session.write(sql, [at], { kind: 'harmless' });
  }
}
