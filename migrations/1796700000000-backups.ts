import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Backups of instances. */
export class Backups1796700000000 implements MigrationInterface {
  name = 'Backups1796700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE instance_backup (
      id uuid NOT NULL CONSTRAINT instance_backup_pkey PRIMARY KEY,
      instance_id uuid NOT NULL CONSTRAINT instance_backup_instance REFERENCES instance (id) ON DELETE CASCADE,
      name text NOT NULL,
      alone boolean NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz,
      CONSTRAINT instance_backup_name UNIQUE (instance_id, name)
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE instance_backup');
  }
}
