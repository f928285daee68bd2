import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Backups of custom volumes. */
export class VolumeBackups1796900000000 implements MigrationInterface {
  name = 'VolumeBackups1796900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE volume_backup (
      id uuid NOT NULL CONSTRAINT volume_backup_pkey PRIMARY KEY,
      volume_id uuid NOT NULL CONSTRAINT volume_backup_volume REFERENCES volume (id) ON DELETE CASCADE,
      name text NOT NULL,
      alone boolean NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz,
      CONSTRAINT volume_backup_name UNIQUE (volume_id, name)
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE volume_backup');
  }
}
