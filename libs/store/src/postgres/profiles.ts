import { randomUUID } from 'node:crypto';
import { profileEntity } from '../entities/profile.ts';
import type { ProfileRow } from '../rows.ts';
import type { New, Profiles } from '../store.ts';
import type { Session } from './session.ts';
import { mustBeUuid, Table } from './table.ts';

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

  async insert(row: New<ProfileRow, 'id'>): Promise<ProfileRow> {
    const whole: ProfileRow = { ...row, id: row.id ?? randomUUID() };
    await table.insert(this.#session, whole, 'made-up');
    return whole;
  }

  async update(id: string, change: Partial<Omit<ProfileRow, 'id'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }
}
