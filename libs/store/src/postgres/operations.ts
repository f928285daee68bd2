import { operationEntity } from '../entities/journal.ts';
import type { JournalEntry, OperationRow } from '../rows.ts';
import type { Operations } from '../store.ts';
import { RowMissing } from '../store.ts';
import { deleteInBatches } from './batches.ts';
import type { Session } from './session.ts';
import { isOwn, isUuid, mustBeUuid, Table } from './table.ts';

const table = new Table<OperationRow>(operationEntity);

/** Gives no row when the operation is not there, one when its revision is not older, two when it was written. */
const advanceSql = `
  WITH written AS (
    UPDATE operation SET revision = $2, status_code = $3, metadata = $4, error = $5, state = $6, begun = $7, finished = $8, updated_at = $9
    WHERE id = $1 AND revision < $2 RETURNING id
  )
  SELECT id FROM written UNION ALL SELECT id FROM operation WHERE id = $1`;

/** The locks of each, joined with those of what succeeded since the oldest of them began. */
const overtakenSql = `
  WITH asked AS MATERIALIZED (SELECT id, created_at, unnest(locks) AS lock FROM operation WHERE id = ANY ($1)),
    later AS MATERIALIZED (
      SELECT created_at, unnest(locks) AS lock FROM operation
      WHERE status_code = 200 AND created_at > (SELECT min(created_at) FROM asked) AND ${isOwn}
    )
  SELECT DISTINCT asked.id FROM asked JOIN later USING (lock) WHERE later.created_at > asked.created_at`;

const deleteSql = `
  DELETE FROM operation WHERE id IN (
    SELECT id FROM operation
    WHERE status_code >= 200 AND updated_at < $1
      AND updated_at < COALESCE((SELECT min(created_at) FROM operation WHERE status_code < 200 AND ${isOwn}), 'infinity')
    LIMIT $2)`;

export class PostgresOperations implements Operations {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  insert(row: OperationRow): Promise<void> {
    return table.insert(this.#session, row, 'made-up');
  }

  async advance(id: string, entry: JournalEntry): Promise<boolean> {
    mustBeUuid(table.name, id);
    const { revision, statusCode, metadata, error, state, begun, finished, updatedAt } = entry;
    const json = (value: object | null) => (value === null ? null : JSON.stringify(value));
    const values = [id, revision, statusCode, json(metadata), error, json(state), begun, finished, updatedAt];
    const { count } = await this.#session.write(advanceSql, values, { kind: 'harmless' });
    if (count === 0) throw new RowMissing(table.name);
    return count === 2;
  }

  unfinished({ after, limit }: Parameters<Operations['unfinished']>[0]): Promise<OperationRow[]> {
    const left = `WHERE status_code < 200 AND ${isOwn}`;
    const order = 'ORDER BY created_at, id LIMIT $1';
    if (!after) return table.select(this.#session, `${left} ${order}`, [limit]);
    const page = `${left} AND (created_at, id) > ($2, $3) ${order}`;
    return table.select(this.#session, page, [limit, after.createdAt, after.id]);
  }

  async overtaken(ids: readonly string[]): Promise<string[]> {
    const rows = await this.#session.read<{ id: string }>(overtakenSql, [ids]);
    return rows.map(({ id }) => id);
  }

  async get(id: string): Promise<OperationRow | null> {
    return isUuid(id) ? table.one(this.#session, 'id = $1', [id]) : null;
  }

  async deleteFinishedBefore(at: Date): Promise<number> {
    return deleteInBatches(this.#session, deleteSql, [at]);
  }
}
