import { randomUUID } from 'node:crypto';
import { volumeEntity } from '../entities/storage.ts';
import type { VolumeRow } from '../rows.ts';
import type { New, Volumes } from '../store.ts';
import type { Session } from './session.ts';
import { isUuid, mustBeUuid, Table } from './table.ts';

const table = new Table<VolumeRow>(volumeEntity);

export class PostgresVolumes implements Volumes {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async list(poolId: string): Promise<VolumeRow[]> {
    if (!isUuid(poolId)) return [];
    return table.select(this.#session, 'WHERE pool_id = $1 ORDER BY name COLLATE "C", project COLLATE "C"', [poolId]);
  }

  async get(poolId: string, project: string, type: VolumeRow['type'], name: string): Promise<VolumeRow | null> {
    if (!isUuid(poolId)) return null;
    return table.one(this.#session, 'pool_id = $1 AND project = $2 AND type = $3 AND name = $4', [poolId, project, type, name]);
  }

  async byId(id: string): Promise<VolumeRow | null> {
    return isUuid(id) ? table.one(this.#session, 'id = $1', [id]) : null;
  }

  async lock(id: string): Promise<VolumeRow | null> {
    return isUuid(id) ? table.lock(this.#session, 'id = $1', [id]) : null;
  }

  async snapshots(parentId: string): Promise<VolumeRow[]> {
    return isUuid(parentId) ? table.select(this.#session, 'WHERE parent_id = $1 ORDER BY name COLLATE "C"', [parentId]) : [];
  }

  expired(by: Date): Promise<VolumeRow[]> {
    return table.select(this.#session, `WHERE expires_at <= $1 AND type = 'custom' ORDER BY created_at, id`, [by]);
  }

  scheduled(): Promise<VolumeRow[]> {
    const wanted = "type = 'custom' AND parent_id IS NULL AND config ->> 'snapshots.schedule' <> ''";
    return table.select(this.#session, `WHERE ${wanted} ORDER BY created_at, id`, []);
  }

  async insert(row: New<VolumeRow, 'id' | 'createdAt' | 'parentId' | 'expiresAt'>): Promise<VolumeRow> {
    const { id = randomUUID(), createdAt = new Date(), parentId = null, expiresAt = null } = row;
    const whole: VolumeRow = { ...row, id, createdAt, parentId, expiresAt };
    await table.insert(this.#session, whole, 'made-up');
    return whole;
  }

  async update(id: string, change: Partial<Omit<VolumeRow, 'id'>>): Promise<void> {
    mustBeUuid(table.name, id);
    await table.update(this.#session, { id }, change);
  }

  async deleteAll(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await this.#session.write('DELETE FROM volume WHERE id = $1 OR parent_id = $1', [id], { kind: 'harmless' });
  }

  async delete(id: string): Promise<void> {
    mustBeUuid(table.name, id);
    await table.delete(this.#session, { id });
  }
}
