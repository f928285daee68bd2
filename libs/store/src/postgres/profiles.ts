import { randomUUID } from 'node:crypto';
import { profileEntity } from '../entities/profile.ts';
import type { ProfileRow } from '../rows.ts';
import type { New, Profiles } from '../store.ts';
import type { Session } from './session.ts';
import { isUuid, mustBeUuid, Table } from './table.ts';
import { referencesChanged, referencesMade } from './references.ts';
import { RowMissing } from '../store.ts';

const table = new Table<ProfileRow>(profileEntity);

export class PostgresProfiles implements Profiles {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(project: string): Promise<ProfileRow[]> {
    return table.select(this.#session, 'WHERE project = $1 ORDER BY name COLLATE "C"', [project]);
  }

  get(project: string, name: string): Promise<ProfileRow | null> {
    return table.one(this.#session, 'project = $1 AND name = $2', [project, name]);
  }

  async many(project: string, names: readonly string[]): Promise<ProfileRow[]> {
    if (names.length === 0) return [];
    const rows = await table.select(this.#session, 'WHERE project = $1 AND name = ANY ($2)', [project, names]);
    return names.flatMap((name) => rows.find((row) => row.name === name) ?? []);
  }

  lock(project: string, name: string): Promise<ProfileRow | null> {
    return table.lock(this.#session, 'project = $1 AND name = $2', [project, name]);
  }

  async usingVolume(volumeId: string): Promise<ProfileRow[]> {
    if (!isUuid(volumeId)) return [];
    const users = 'SELECT profile_id FROM profile_reference WHERE volume_id = $1';
    return table.select(this.#session, `WHERE id IN (${users}) ORDER BY name COLLATE "C", project COLLATE "C"`, [volumeId]);
  }

  async insert(row: New<ProfileRow, 'id'>): Promise<ProfileRow> {
    const made: ProfileRow = { ...row, id: row.id ?? randomUUID() };
    const { sql, values } = table.insertion(made);
    const whole = `WITH made AS (${sql} RETURNING id, project, devices),
      references_made AS (${referencesMade('profile', 'made')})
      SELECT id FROM made`;
    await this.#session.write(whole, values, table.ownKey);
    return made;
  }

  async update(id: string, change: Partial<Omit<ProfileRow, 'id' | 'project'>>): Promise<void> {
    mustBeUuid(table.name, id);
    if (!change.devices) return table.update(this.#session, { id }, change);
    const { sql, values } = table.assignments(change);
    const changed = `UPDATE profile SET ${sql.join(', ')} WHERE id = $${values.push(id)} RETURNING id, project, devices`;
    const whole = `WITH changed AS (${changed}), ${referencesChanged('profile', 'changed')} SELECT id FROM changed`;
    const { count } = await this.#session.write(whole, values, { kind: 'harmless' });
    if (count === 0) throw new RowMissing(table.name);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }
}
