import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A database has an owner, and rows say which server they are about. The connection says which one: open-store.ts. */
export class Servers1796160000000 implements MigrationInterface {
  name = 'Servers1796160000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE server (
      id uuid NOT NULL CONSTRAINT server_pkey PRIMARY KEY,
      name text NOT NULL,
      address text NOT NULL,
      version text NOT NULL,
      epoch integer NOT NULL,
      heartbeat timestamptz NOT NULL
    )`);
    await runner.query(`CREATE FUNCTION current_server() RETURNS uuid LANGUAGE sql STABLE
      AS $$ SELECT NULLIF(current_setting('lxctl.server', true), '')::uuid $$`);
    for (const table of ['instance', 'operation']) {
      await runner.query(`ALTER TABLE ${table} ADD server_id uuid CONSTRAINT ${table}_server REFERENCES server (id)`);
      // Only from now on: what is there already, the daemon takes over when it enters the database.
      await runner.query(`ALTER TABLE ${table} ALTER server_id SET DEFAULT current_server()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['instance', 'operation']) await runner.query(`ALTER TABLE ${table} DROP server_id`);
    await runner.query('DROP FUNCTION current_server');
    await runner.query('DROP TABLE server');
  }
}
