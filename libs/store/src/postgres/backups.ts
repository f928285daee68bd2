import { instanceBackupEntity, volumeBackupEntity } from '../entities/backup.ts';
import type { BackupRow } from '../rows.ts';
import type { Backups } from '../store.ts';
import type { Session } from './session.ts';
import { isOwn, isUuid, mustBeUuid, Table } from './table.ts';

const tables = { instance: new Table<BackupRow>(instanceBackupEntity), volume: new Table<BackupRow>(volumeBackupEntity) };
/** Those of this server: custom volumes belong to all that share the pool. */
const ofOwn = { instance: `instance_id IN (SELECT id FROM instance WHERE ${isOwn})`, volume: 'TRUE' };
const oldestFirst = 'ORDER BY created_at, name COLLATE "C"';

export class PostgresBackups implements Backups {
  readonly #session: Session;
  readonly #owner: keyof typeof tables;
  readonly #table: Table<BackupRow>;

  constructor(session: Session, owner: keyof typeof tables) {
    this.#session = session;
    this.#owner = owner;
    this.#table = tables[owner];
  }

  list(ownerIds: readonly string[] | null): Promise<BackupRow[]> {
    const owner = this.#owner;
    if (ownerIds === null) return this.#table.select(this.#session, `WHERE ${ofOwn[owner]} ${oldestFirst}`);
    return this.#table.select(this.#session, `WHERE ${owner}_id = ANY ($1::uuid[]) ${oldestFirst}`, [ownerIds.filter(isUuid)]);
  }

  async get(ownerId: string, name: string): Promise<BackupRow | null> {
    return isUuid(ownerId) ? this.#table.one(this.#session, `${this.#owner}_id = $1 AND name = $2`, [ownerId, name]) : null;
  }

  async byId(id: string): Promise<BackupRow | null> {
    return isUuid(id) ? this.#table.one(this.#session, 'id = $1', [id]) : null;
  }

  expired(by: Date): Promise<BackupRow[]> {
    return this.#table.select(this.#session, `WHERE expires_at <= $1 AND ${ofOwn[this.#owner]} ${oldestFirst}`, [by]);
  }

  insert(row: BackupRow): Promise<void> {
    return this.#table.insert(this.#session, row, 'made-up');
  }

  async update(id: string, change: Pick<BackupRow, 'name'>): Promise<void> {
    mustBeUuid(this.#table.name, id);
    await this.#table.update(this.#session, { id }, change);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(this.#table.name, id);
    await this.#table.delete(this.#session, { id });
  }
}
