import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables whose rows daemons keep in memory (libs/store/src/postgres/cache.ts); image_alias counts as `image`. */
const tables: Record<string, string> = {
  profile: 'profile',
  network: 'network',
  pool: 'pool',
  image: 'image',
  image_alias: 'image',
  server_config: 'server_config',
};

/** Whoever changes a table that daemons keep in memory tells all of them when it commits. */
export class ChangesTold1796300000000 implements MigrationInterface {
  name = 'ChangesTold1796300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('lxctl_changed', TG_ARGV[0]);
        RETURN NULL;
      END $$`);
    for (const [table, told] of Object.entries(tables)) {
      await runner.query(`CREATE TRIGGER ${table}_told AFTER INSERT OR UPDATE OR DELETE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION tell_change('${told}')`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(tables)) await runner.query(`DROP TRIGGER ${table}_told ON ${table}`);
    await runner.query('DROP FUNCTION tell_change');
  }
}
