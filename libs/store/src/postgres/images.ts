import { imageAliasEntity, imageEntity } from '../entities/image.ts';
import type { ImageAliasRow, ImageRow } from '../rows.ts';
import type { Images } from '../store.ts';
import type { Session } from './session.ts';
import { Table } from './table.ts';

const table = new Table<ImageRow>(imageEntity);
const aliasTable = new Table<ImageAliasRow>(imageAliasEntity);

export class PostgresImages implements Images {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(project: string | null): Promise<ImageRow[]> {
    if (project === null) return table.select(this.#session, 'ORDER BY project COLLATE "C", fingerprint COLLATE "C"');
    return table.select(this.#session, 'WHERE project = $1 ORDER BY fingerprint COLLATE "C"', [project]);
  }

  get(project: string, fingerprint: string): Promise<ImageRow | null> {
    return table.one(this.#session, 'project = $1 AND fingerprint = $2', [project, fingerprint]);
  }

  async fingerprints(): Promise<string[]> {
    return (await table.select(this.#session, '')).map((row) => row.fingerprint);
  }

  byPrefix(project: string, prefix: string): Promise<ImageRow[]> {
    return table.select(this.#session, 'WHERE project = $1 AND starts_with(fingerprint, $2)', [project, prefix]);
  }

  lock(project: string, fingerprint: string): Promise<ImageRow | null> {
    return table.lock(this.#session, 'project = $1 AND fingerprint = $2', [project, fingerprint]);
  }

  insert(row: ImageRow): Promise<void> {
    return table.insert(this.#session, row, 'natural');
  }

  update(project: string, fingerprint: string, change: Partial<Omit<ImageRow, 'fingerprint' | 'project'>>): Promise<void> {
    return table.update(this.#session, { project, fingerprint }, change);
  }

  /** One statement: the aliases go by the foreign key's cascade. */
  delete(project: string, fingerprint: string): Promise<void> {
    return table.delete(this.#session, { project, fingerprint });
  }

  aliases(project: string): Promise<ImageAliasRow[]> {
    return aliasTable.select(this.#session, 'WHERE project = $1 ORDER BY name COLLATE "C"', [project]);
  }

  alias(project: string, name: string): Promise<ImageAliasRow | null> {
    return aliasTable.one(this.#session, 'project = $1 AND name = $2', [project, name]);
  }

  insertAlias(row: ImageAliasRow): Promise<void> {
    return aliasTable.insert(this.#session, row, 'natural');
  }

  updateAlias(project: string, name: string, change: Partial<Omit<ImageAliasRow, 'project'>>): Promise<void> {
    // A rename done twice would not find the old name.
    const renames = change.name !== undefined && change.name !== name;
    return aliasTable.update(this.#session, { project, name }, change, { kind: renames ? 'never' : 'harmless' });
  }

  deleteAlias(project: string, name: string): Promise<void> {
    return aliasTable.delete(this.#session, { project, name });
  }
}
