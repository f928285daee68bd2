import { eventEntity } from '../entities/journal.ts';
import type { EventRow } from '../rows.ts';
import type { Events, New } from '../store.ts';
import { deleteInBatches } from './batches.ts';
import type { Session } from './session.ts';
import { Table } from './table.ts';

const table = new Table<EventRow>(eventEntity);

/** set_config(..., true) lasts until the end of this statement's own transaction, whose commit it makes asynchronous. */
const appendSql = `
  WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
  INSERT INTO event (type, project, at, metadata)
  SELECT row.type, row.project, row.at, row.metadata
  FROM lazily, ROWS FROM (jsonb_to_recordset($1::jsonb) AS (type text, project text, at timestamptz, metadata jsonb))
    WITH ORDINALITY AS row (type, project, at, metadata, place)
  ORDER BY row.place`;

const deleteSql = 'DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at < $1 ORDER BY id LIMIT $2)';

export class PostgresEvents implements Events {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async append(rows: readonly New<EventRow, 'id'>[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#session.write(appendSql, [JSON.stringify(rows)], { kind: 'never' });
  }

  since(id: number, limit: number): Promise<EventRow[]> {
    return table.select(this.#session, 'WHERE id > $1 ORDER BY id LIMIT $2', [id, limit]);
  }

  async deleteBefore(at: Date): Promise<number> {
    return deleteInBatches(this.#session, deleteSql, [at]);
  }
}
