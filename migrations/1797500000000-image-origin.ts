import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where images came from. */
export class ImageOrigin1797500000000 implements MigrationInterface {
  name = 'ImageOrigin1797500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE image ADD COLUMN origin jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE image DROP COLUMN origin');
  }
}
