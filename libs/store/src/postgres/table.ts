import type { EntitySchema, EntitySchemaColumnOptions } from 'typeorm';
import { RowMissing } from '../store.ts';
import type { Repeat, Session } from './session.ts';

interface Column {
  property: string;
  /** Quoted name in SQL. */
  sql: string;
  json: boolean;
}

/**
 * The statements of one entity, written once from its schema. Plain SQL, because TypeORM's builder costs more than the
 * queries here take (0.2 ms against 0.08 for a row by key).
 */
export class Table<R extends object> {
  readonly name: string;
  /** `"id", "created_at" AS "createdAt"`: what to select for a row. */
  readonly columns: string;
  readonly #byProperty: ReadonlyMap<string, Column>;
  readonly #insert: { sql: string; columns: Column[] };
  readonly #updates = new Map<string, string>();
  /** For rows whose primary key the caller drew at random, so that a clash with it can only be with itself. */
  readonly ownKey: Repeat;

  /** `computed`: properties that are no columns, each with the SQL expression to select. */
  constructor(schema: EntitySchema<Partial<R>>, computed: Partial<Record<keyof R, string>> = {}) {
    this.name = schema.options.name;
    const columns = Object.entries(schema.options.columns as Record<string, EntitySchemaColumnOptions>);
    const all = columns
      .filter(([, options]) => options.select !== false)
      .map(([property, options]) => ({
        property,
        sql: `"${options.name ?? property}"`,
        json: options.type === 'jsonb',
        generated: options.generated !== undefined,
      }));
    const made = Object.entries<string>(computed as Record<string, string>).map(([property, sql]) => ({ property, sql }));
    this.columns = [...all, ...made].map(({ sql, property }) => `${sql} AS "${property}"`).join(', ');
    this.#byProperty = new Map(all.map((column) => [column.property, column]));
    const given = all.filter((column) => !column.generated);
    const names = given.map((column) => column.sql).join(', ');
    const places = given.map((_, index) => `$${index + 1}`).join(', ');
    this.#insert = { sql: `INSERT INTO ${this.name} (${names}) VALUES (${places})`, columns: given };
    this.ownKey = { kind: 'own-key', constraint: `${this.name}_pkey` };
  }

  select(session: Session, rest: string, values: readonly unknown[] = []): Promise<R[]> {
    return session.read<R>(`SELECT ${this.columns} FROM ${this.name} ${rest}`, values);
  }

  async one(session: Session, where: string, values: readonly unknown[]): Promise<R | null> {
    return (await this.select(session, `WHERE ${where}`, values))[0] ?? null;
  }

  /** `one`, and until the transaction ends nobody else changes the row or begins to refer to it. */
  async lock(session: Session, where: string, values: readonly unknown[]): Promise<R | null> {
    return (await this.select(session, `WHERE ${where} FOR UPDATE OF ${this.name}`, values))[0] ?? null;
  }

  /** `key`: 'made-up' when the caller drew the primary key at random. */
  async insert(session: Session, row: R, key: 'made-up' | 'natural'): Promise<void> {
    const { sql, values } = this.insertion(row);
    await session.write(sql, values, key === 'made-up' ? this.ownKey : { kind: 'never' });
  }

  /** `INSERT ...` with its values, for a statement that does more. */
  insertion(row: R): { sql: string; values: unknown[] } {
    const values = this.#insert.columns.map((column) => encode(column, (row as Record<string, unknown>)[column.property]));
    return { sql: this.#insert.sql, values };
  }

  /** `"a" = $1` for each field that is not undefined, with the values, for a statement that does more. */
  assignments(change: Partial<R>): { sql: string[]; values: unknown[] } {
    const fields = Object.entries(change).filter(([, value]) => value !== undefined);
    return {
      sql: fields.map(([property], index) => `${this.#column(property).sql} = $${index + 1}`),
      values: fields.map(([property, value]) => encode(this.#column(property), value)),
    };
  }

  /** Sets the fields that are not undefined in the one row that `where` finds. */
  async update(session: Session, where: Partial<R>, change: Partial<R>, repeat: Repeat = { kind: 'harmless' }): Promise<void> {
    const fields = Object.entries(change).filter(([, value]) => value !== undefined);
    const found = Object.entries(where);
    if (fields.length === 0) return this.#mustExist(session, where);
    const shape = [...fields, ...found].map(([property]) => property).join();
    let sql = this.#updates.get(shape);
    if (!sql) {
      const set = fields.map(([property], index) => `${this.#column(property).sql} = $${index + 1}`).join(', ');
      sql = `UPDATE ${this.name} SET ${set} WHERE ${this.#condition(found, fields.length)}`;
      this.#updates.set(shape, sql);
    }
    const values = [...fields, ...found].map(([property, value]) => encode(this.#column(property), value));
    const { count } = await session.write(sql, values, repeat);
    if (count === 0) throw new RowMissing(this.name);
  }

  async delete(session: Session, where: Partial<R>): Promise<void> {
    const found = Object.entries(where);
    const sql = `DELETE FROM ${this.name} WHERE ${this.#condition(found, 0)}`;
    const { count, repeated } = await session.write(
      sql,
      found.map(([, value]) => value),
      { kind: 'harmless' },
    );
    if (count === 0 && !repeated) throw new RowMissing(this.name);
  }

  async #mustExist(session: Session, where: Partial<R>): Promise<void> {
    const found = Object.entries(where);
    const rows = await this.select(
      session,
      `WHERE ${this.#condition(found, 0)}`,
      found.map(([, value]) => value),
    );
    if (rows.length === 0) throw new RowMissing(this.name);
  }

  #condition(found: [string, unknown][], offset: number): string {
    return found.map(([property], index) => `${this.#column(property).sql} = $${offset + index + 1}`).join(' AND ');
  }

  #column(property: string): Column {
    const column = this.#byProperty.get(property);
    if (!column) throw new TypeError(`${this.name} has no column ${property}`);
    return column;
  }
}

/** pg would send an array as a Postgres array, and text as it is: jsonb needs JSON in both cases. */
function encode(column: Column, value: unknown): unknown {
  return column.json && value !== null ? JSON.stringify(value) : value;
}

/** Of the tables whose rows name a server: those of the one that asks, which its connections name (open-store.ts). */
export const isOwn = 'server_id IS NOT DISTINCT FROM current_server()';

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids come from URLs; Postgres would fail a comparison of a uuid column with other text instead of finding nothing. */
export function isUuid(id: string): boolean {
  return uuidShape.test(id);
}

export function mustBeUuid(table: string, id: string): void {
  if (!isUuid(id)) throw new RowMissing(table);
}
