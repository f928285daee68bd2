import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Custom volumes that the devices of instances and profiles name are held as pools and networks are. */
export class VolumeReferences1796500000000 implements MigrationInterface {
  name = 'VolumeReferences1796500000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const owner of ['instance', 'profile']) {
      await runner.query(
        `ALTER TABLE ${owner}_reference ADD COLUMN volume_id uuid CONSTRAINT ${owner}_reference_volume REFERENCES volume (id)`,
      );
      await runner.query(`CREATE INDEX ${owner}_reference_volume_id ON ${owner}_reference (volume_id)`);
    }
    // Beside device_reference, which an older daemon still calls. A source without a pool is a path of the host.
    await runner.query(`CREATE FUNCTION device_references(project text, devices jsonb)
      RETURNS TABLE (device text, network_id uuid, pool_id uuid, volume_id uuid)
      LANGUAGE sql STABLE AS $$
        SELECT named.device, named.network_id, named.pool_id,
          CASE WHEN named.pool_id IS NOT NULL AND $2->named.device->>'source' <> ''
            THEN coalesce(volume.id, '00000000-0000-0000-0000-000000000000') END
        FROM device_reference($1, $2) AS named (device, network_id, pool_id)
        LEFT JOIN volume ON volume.pool_id = named.pool_id AND volume.project = $1 AND volume.type = 'custom'
          AND volume.parent_id IS NULL AND volume.name = $2->named.device->>'source'
      $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION device_references');
    for (const owner of ['instance', 'profile']) await runner.query(`ALTER TABLE ${owner}_reference DROP COLUMN volume_id`);
  }
}
