import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the server warns of. */
export class Warnings1796600000000 implements MigrationInterface {
  name = 'Warnings1796600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE warning (
      id uuid NOT NULL CONSTRAINT warning_pkey PRIMARY KEY,
      server_id uuid DEFAULT current_server() CONSTRAINT warning_server REFERENCES server (id),
      type text NOT NULL,
      project text NOT NULL,
      entity text NOT NULL,
      entity_id text NOT NULL,
      status text NOT NULL,
      count integer NOT NULL,
      message text NOT NULL,
      first_seen_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE warning');
  }
}
