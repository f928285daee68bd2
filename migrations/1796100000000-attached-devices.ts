import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is attached to a running instance, as it was attached. */
export class AttachedDevices1796100000000 implements MigrationInterface {
  name = 'AttachedDevices1796100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE instance ADD attached jsonb NOT NULL DEFAULT '[]'");
    await runner.query('ALTER TABLE instance ALTER attached DROP DEFAULT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE instance DROP attached');
  }
}
