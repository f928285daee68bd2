import { snapshotEntity } from '../entities/snapshot.ts';
import type { SnapshotRow } from '../rows.ts';
import type { Snapshots } from '../store.ts';
import type { Session } from './session.ts';
import { isOwn, isUuid, mustBeUuid, Table } from './table.ts';

const table = new Table<SnapshotRow>(snapshotEntity);
const ofOwn = `instance_id IN (SELECT id FROM instance WHERE ${isOwn})`;
const oldestFirst = 'ORDER BY created_at, name COLLATE "C"';

export class PostgresSnapshots implements Snapshots {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(instanceIds: readonly string[] | null): Promise<SnapshotRow[]> {
    if (instanceIds === null) return table.select(this.#session, `WHERE ${ofOwn} ${oldestFirst}`);
    return table.select(this.#session, `WHERE instance_id = ANY ($1::uuid[]) ${oldestFirst}`, [instanceIds.filter(isUuid)]);
  }

  async get(instanceId: string, name: string): Promise<SnapshotRow | null> {
    return isUuid(instanceId) ? table.one(this.#session, 'instance_id = $1 AND name = $2', [instanceId, name]) : null;
  }

  async byId(id: string): Promise<SnapshotRow | null> {
    return isUuid(id) ? table.one(this.#session, 'id = $1', [id]) : null;
  }

  expired(by: Date): Promise<SnapshotRow[]> {
    return table.select(this.#session, `WHERE expires_at <= $1 AND ${ofOwn} ${oldestFirst}`, [by]);
  }

  insert(row: SnapshotRow): Promise<void> {
    return table.insert(this.#session, row, 'made-up');
  }

  async update(id: string, change: Partial<Pick<SnapshotRow, 'name' | 'expiresAt' | 'devices'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }
}
