import { instanceEntity } from '../entities/instance.ts';
import type { InstanceRow } from '../rows.ts';
import type { Instances } from '../store.ts';
import { RowMissing } from '../store.ts';
import type { Session } from './session.ts';
import { isUuid, mustBeUuid, Table } from './table.ts';

const table = new Table<InstanceRow>(instanceEntity);
const byName = 'ORDER BY name COLLATE "C", project COLLATE "C"';

export class PostgresInstances implements Instances {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(project: string | null): Promise<InstanceRow[]> {
    if (project === null) return table.select(this.#session, byName);
    return table.select(this.#session, `WHERE project = $1 ${byName}`, [project]);
  }

  get(project: string, name: string): Promise<InstanceRow | null> {
    return table.one(this.#session, 'project = $1 AND name = $2', [project, name]);
  }

  async byId(id: string): Promise<InstanceRow | null> {
    return isUuid(id) ? table.one(this.#session, 'id = $1', [id]) : null;
  }

  insert(row: InstanceRow): Promise<void> {
    return table.insert(this.#session, row, 'made-up');
  }

  async update(id: string, change: Partial<Omit<InstanceRow, 'id'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  async mergeVolatile(id: string, change: Record<string, string | null>): Promise<void> {
    mustBeUuid(table.name, id);
    const set = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null));
    const unset = Object.keys(change).filter((key) => change[key] === null);
    const sql = 'UPDATE instance SET volatile = (volatile || $2::jsonb) - $3::text[] WHERE id = $1';
    const { count } = await this.#session.write(sql, [id, JSON.stringify(set), unset], { kind: 'harmless' });
    if (count === 0) throw new RowMissing(table.name);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }

  usingProfile(project: string, profile: string): Promise<InstanceRow[]> {
    return table.select(this.#session, `WHERE project = $1 AND $2 = ANY (profiles) ${byName}`, [project, profile]);
  }
}
