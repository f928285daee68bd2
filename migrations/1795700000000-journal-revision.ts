import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What recovery needs to know which write of an operation is the latest, and which operations came after one. */
export class JournalRevision1795700000000 implements MigrationInterface {
  name = 'JournalRevision1795700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE operation ADD locks text[] NOT NULL DEFAULT '{}', ADD revision integer NOT NULL DEFAULT 0");
    await runner.query('ALTER TABLE operation ALTER locks DROP DEFAULT, ALTER revision DROP DEFAULT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE operation DROP locks, DROP revision');
  }
}
