import { instanceEntity } from '../entities/instance.ts';
import type { InstanceRow, NicRow, ProfileRow } from '../rows.ts';
import type { Instances } from '../store.ts';
import { RowMissing } from '../store.ts';
import { nicsMade } from './nics.ts';
import { profilesChanged, profilesMade, referencesChanged, referencesMade } from './references.ts';
import type { Session } from './session.ts';
import { isOwn, isUuid, mustBeUuid, Table } from './table.ts';

const profiles = `ARRAY(
  SELECT profile.name FROM instance_profile AS used JOIN profile ON profile.id = used.profile_id
  WHERE used.instance_id = instance.id ORDER BY used.position)`;
const table = new Table<InstanceRow>(instanceEntity, { profiles });
const byName = 'ORDER BY name COLLATE "C", project COLLATE "C"';

export class PostgresInstances implements Instances {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(project: string | null): Promise<InstanceRow[]> {
    if (project === null) return table.select(this.#session, `WHERE ${isOwn} ${byName}`);
    return table.select(this.#session, `WHERE ${isOwn} AND project = $1 ${byName}`, [project]);
  }

  get(project: string, name: string): Promise<InstanceRow | null> {
    return table.one(this.#session, `${isOwn} AND project = $1 AND name = $2`, [project, name]);
  }

  async byId(id: string): Promise<InstanceRow | null> {
    return isUuid(id) ? table.one(this.#session, `${isOwn} AND id = $1`, [id]) : null;
  }

  /** One statement; the foreign keys are checked at its end. */
  async insert(row: InstanceRow, seen?: readonly Pick<ProfileRow, 'config' | 'devices'>[], nics: readonly NicRow[] = []): Promise<void> {
    const { sql, values } = table.insertion(row);
    const [names, contents, cards] = [1, 2, 3].map((nth) => `$${values.length + nth}`) as [string, string, string];
    const whole = `WITH made AS (${sql} RETURNING id, project, devices),
      profiles_made AS (${profilesMade('made', names, contents)}),
      references_made AS (${referencesMade('instance', 'made')}),
      nics_made AS (${nicsMade('made', cards)})
      SELECT id FROM made`;
    await this.#session.write(whole, [...values, row.profiles, contentsOf(seen), JSON.stringify(nics)], table.ownKey);
  }

  async update(
    id: string,
    change: Partial<Omit<InstanceRow, 'id' | 'project'>>,
    volatile: Record<string, string | null> = {},
  ): Promise<void> {
    mustBeUuid(table.name, id);
    const { profiles: names, ...fields } = change;
    const { sql, values } = table.assignments(fields);
    const place = (value: unknown) => `$${values.push(value)}`;
    const set = [...sql, ...(Object.keys(volatile).length > 0 ? [merged(volatile, place)] : [])];
    const found = `id = ${place(id)}`;
    const changed =
      set.length > 0
        ? `UPDATE instance SET ${set.join(', ')} WHERE ${found} RETURNING id, project, devices`
        : `SELECT id, project, devices FROM instance WHERE ${found} FOR NO KEY UPDATE`;
    const parts = [
      ...(names ? [profilesChanged('changed', place(names), place(null))] : []),
      ...(fields.devices ? [referencesChanged('instance', 'changed')] : []),
    ];
    const whole = [`WITH changed AS (${changed})`, ...parts].join(', ');
    const { count } = await this.#session.write(`${whole} SELECT id FROM changed`, values, { kind: 'harmless' });
    if (count === 0) throw new RowMissing(table.name);
  }

  async mergeVolatile(id: string, change: Record<string, string | null>): Promise<void> {
    mustBeUuid(table.name, id);
    const values: unknown[] = [id];
    const sql = `UPDATE instance SET ${merged(change, (value) => `$${values.push(value)}`)} WHERE id = $1`;
    const { count } = await this.#session.write(sql, values, { kind: 'harmless' });
    if (count === 0) throw new RowMissing(table.name);
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }

  usingProfile(project: string, profile: string): Promise<InstanceRow[]> {
    const users = `SELECT used.instance_id FROM instance_profile AS used JOIN profile ON profile.id = used.profile_id
      WHERE profile.project = $1 AND profile.name = $2`;
    return table.select(this.#session, `WHERE ${isOwn} AND id IN (${users}) ${byName}`, [project, profile]);
  }

  async usingVolume(volumeId: string): Promise<InstanceRow[]> {
    if (!isUuid(volumeId)) return [];
    const users = 'SELECT instance_id FROM instance_reference WHERE volume_id = $1';
    return table.select(this.#session, `WHERE ${isOwn} AND id IN (${users}) ${byName}`, [volumeId]);
  }
}

/** What the volatile keys become; `place` takes a value and gives the place of its parameter. */
function merged(change: Record<string, string | null>, place: (value: unknown) => string): string {
  const kept = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null));
  const gone = Object.keys(change).filter((key) => change[key] === null);
  return `volatile = (volatile || ${place(JSON.stringify(kept))}::jsonb) - ${place(gone)}::text[]`;
}

function contentsOf(seen: readonly Pick<ProfileRow, 'config' | 'devices'>[] | undefined): string[] | null {
  return seen?.map(({ config, devices }) => JSON.stringify({ config, devices })) ?? null;
}
