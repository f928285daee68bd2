import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * References become rows with foreign keys: what an instance or a profile uses cannot be deleted under it, also by a
 * request that looked a moment before.
 */
export class References1796000000000 implements MigrationInterface {
  name = 'References1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE instance ADD COLUMN profiles text[] NOT NULL DEFAULT '{}'");
    await runner.query(`UPDATE instance SET profiles = ARRAY(
      SELECT profile.name FROM instance_profile AS used JOIN profile ON profile.id = used.profile_id
      WHERE used.instance_id = instance.id ORDER BY used.position)`);
    await runner.query('ALTER TABLE instance ALTER COLUMN profiles DROP DEFAULT');
    await runner.query('DROP TABLE profile_reference, instance_reference, instance_profile');
    await runner.query('DROP FUNCTION device_reference');
  }
}

const reference = (owner: string) => [
  `CREATE TABLE ${owner}_reference (
    ${owner}_id uuid NOT NULL CONSTRAINT ${owner}_reference_${owner} REFERENCES ${owner} (id) ON DELETE CASCADE,
    device text NOT NULL,
    network_id uuid CONSTRAINT ${owner}_reference_network REFERENCES network (id),
    pool_id uuid CONSTRAINT ${owner}_reference_pool REFERENCES pool (id),
    CONSTRAINT ${owner}_reference_pkey PRIMARY KEY (${owner}_id, device)
  )`,
  `CREATE INDEX ${owner}_reference_network_id ON ${owner}_reference (network_id)`,
  `CREATE INDEX ${owner}_reference_pool_id ON ${owner}_reference (pool_id)`,
  // What is named and not there cannot be referred to; only a database older than this can hold such a name.
  `INSERT INTO ${owner}_reference (${owner}_id, device, network_id, pool_id)
    SELECT ${owner}.id, named.device, network.id, pool.id
    FROM ${owner}, device_reference(${owner}.project, ${owner}.devices) AS named (device, network_id, pool_id)
    LEFT JOIN network ON network.id = named.network_id LEFT JOIN pool ON pool.id = named.pool_id`,
];

const statements = [
  `CREATE TABLE instance_profile (
    instance_id uuid NOT NULL CONSTRAINT instance_profile_instance REFERENCES instance (id) ON DELETE CASCADE,
    position integer NOT NULL,
    profile_id uuid NOT NULL CONSTRAINT instance_profile_profile REFERENCES profile (id),
    CONSTRAINT instance_profile_pkey PRIMARY KEY (instance_id, position)
  )`,
  'CREATE INDEX instance_profile_profile_id ON instance_profile (profile_id)',
  `INSERT INTO instance_profile (instance_id, position, profile_id)
    SELECT instance.id, row_number() OVER (PARTITION BY instance.id ORDER BY used.place), profile.id
    FROM instance, unnest(instance.profiles) WITH ORDINALITY AS used (name, place), profile
    WHERE profile.project = instance.project AND profile.name = used.name`,
  'ALTER TABLE instance DROP COLUMN profiles',
  // The ids of the networks and pools that devices name. An id of zeros stands for one that is not there, which the foreign
  // key refuses. The parent of a nic may be any link of the host: it refers to a network only where it is one.
  `CREATE FUNCTION device_reference(project text, devices jsonb) RETURNS TABLE (device text, network_id uuid, pool_id uuid)
    LANGUAGE sql STABLE AS $$
      SELECT one.name,
        CASE WHEN one.network <> '' THEN coalesce(network.id, '00000000-0000-0000-0000-000000000000') ELSE network.id END,
        CASE WHEN one.pool <> '' THEN coalesce(pool.id, '00000000-0000-0000-0000-000000000000') END
      FROM (
        SELECT each.key AS name,
          CASE WHEN each.value->>'type' = 'nic' THEN each.value->>'network' END AS network,
          CASE WHEN each.value->>'type' = 'nic' THEN each.value->>'parent' END AS parent,
          CASE WHEN each.value->>'type' = 'disk' THEN each.value->>'pool' END AS pool
        FROM jsonb_each($2) AS each
      ) AS one
      LEFT JOIN network ON network.project = $1 AND network.name = coalesce(nullif(one.network, ''), one.parent)
      LEFT JOIN pool ON pool.name = one.pool
      WHERE one.network <> '' OR one.pool <> '' OR network.id IS NOT NULL
    $$`,
  ...reference('instance'),
  ...reference('profile'),
];
