import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each instance has a range of the host's ids of its own. Instances from before are given theirs at their next start. */
export class InstanceIds1795910000000 implements MigrationInterface {
  readonly name = 'InstanceIds1795910000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE instance ADD COLUMN id_base bigint, ADD COLUMN id_count bigint');
    await runner.query(
      `ALTER TABLE instance ADD CONSTRAINT instance_ids
        EXCLUDE USING gist (int8range(id_base, id_base + id_count) WITH &&) WHERE (id_base IS NOT NULL)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE instance DROP CONSTRAINT instance_ids, DROP COLUMN id_base, DROP COLUMN id_count');
  }
}
