import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Snapshots of instances, and which volume a snapshot's volume was taken of. */
export class Snapshots1796400000000 implements MigrationInterface {
  name = 'Snapshots1796400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE volume ADD COLUMN parent_id uuid CONSTRAINT volume_parent REFERENCES volume (id)');
    await runner.query('CREATE INDEX volume_parent_id ON volume (parent_id)');
    await runner.query(`CREATE TABLE instance_snapshot (
      id uuid NOT NULL CONSTRAINT instance_snapshot_pkey PRIMARY KEY,
      instance_id uuid NOT NULL CONSTRAINT instance_snapshot_instance REFERENCES instance (id) ON DELETE CASCADE,
      name text NOT NULL,
      architecture text NOT NULL,
      ephemeral boolean NOT NULL,
      config jsonb NOT NULL,
      volatile jsonb NOT NULL,
      devices jsonb NOT NULL,
      profiles text[] NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz,
      CONSTRAINT instance_snapshot_name UNIQUE (instance_id, name)
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE instance_snapshot');
    await runner.query('ALTER TABLE volume DROP COLUMN parent_id');
  }
}
