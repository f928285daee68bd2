import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a snapshot of a custom volume ends. */
export class VolumeExpiry1796800000000 implements MigrationInterface {
  name = 'VolumeExpiry1796800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE volume ADD COLUMN expires_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE volume DROP COLUMN expires_at');
  }
}
