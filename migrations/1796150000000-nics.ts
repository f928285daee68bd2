import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What no two network cards may have alike. Checked at the end of a statement: cards of one instance may change places. */
export class Nics1796150000000 implements MigrationInterface {
  name = 'Nics1796150000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE nic (
      instance_id uuid NOT NULL CONSTRAINT nic_instance REFERENCES instance (id) ON DELETE CASCADE,
      device text NOT NULL,
      segment text,
      address text,
      mac text,
      host_name text,
      CONSTRAINT nic_pkey PRIMARY KEY (instance_id, device),
      CONSTRAINT nic_address UNIQUE (segment, address) DEFERRABLE INITIALLY IMMEDIATE,
      CONSTRAINT nic_mac UNIQUE (segment, mac) DEFERRABLE INITIALLY IMMEDIATE,
      CONSTRAINT nic_host_name UNIQUE (host_name) DEFERRABLE INITIALLY IMMEDIATE
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE nic');
  }
}
