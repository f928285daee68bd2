import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first tables. Names of constraints are part of the interface: RowConflict carries them. */
export class Tables1795430400000 implements MigrationInterface {
  name = 'Tables1795430400000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE server_config, event, operation, network, volume, pool, image_alias, image, profile, instance');
  }
}

const statements = [
  `CREATE TABLE instance (
    id uuid NOT NULL CONSTRAINT instance_pkey PRIMARY KEY,
    project text NOT NULL,
    name text NOT NULL,
    architecture text NOT NULL,
    description text NOT NULL,
    ephemeral boolean NOT NULL,
    config jsonb NOT NULL,
    volatile jsonb NOT NULL,
    devices jsonb NOT NULL,
    profiles text[] NOT NULL,
    power text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT instance_project_name UNIQUE (project, name)
  )`,
  `CREATE TABLE profile (
    id uuid NOT NULL CONSTRAINT profile_pkey PRIMARY KEY,
    project text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    config jsonb NOT NULL,
    devices jsonb NOT NULL,
    CONSTRAINT profile_project_name UNIQUE (project, name)
  )`,
  `CREATE TABLE image (
    project text NOT NULL,
    fingerprint text NOT NULL,
    filename text NOT NULL,
    size bigint NOT NULL,
    public boolean NOT NULL,
    auto_update boolean NOT NULL,
    cached boolean NOT NULL,
    architecture text NOT NULL,
    properties jsonb NOT NULL,
    profiles text[] NOT NULL,
    layout text NOT NULL,
    metadata jsonb NOT NULL,
    expires_at timestamptz,
    created_at timestamptz,
    uploaded_at timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT image_pkey PRIMARY KEY (project, fingerprint)
  )`,
  `CREATE TABLE image_alias (
    project text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    fingerprint text NOT NULL,
    CONSTRAINT image_alias_pkey PRIMARY KEY (project, name),
    CONSTRAINT image_alias_image FOREIGN KEY (project, fingerprint) REFERENCES image (project, fingerprint) ON DELETE CASCADE
  )`,
  'CREATE INDEX image_alias_fingerprint ON image_alias (project, fingerprint)',
  `CREATE TABLE pool (
    id uuid NOT NULL CONSTRAINT pool_pkey PRIMARY KEY,
    name text NOT NULL CONSTRAINT pool_name UNIQUE,
    driver text NOT NULL,
    description text NOT NULL,
    config jsonb NOT NULL
  )`,
  `CREATE TABLE volume (
    id uuid NOT NULL CONSTRAINT volume_pkey PRIMARY KEY,
    pool_id uuid NOT NULL CONSTRAINT volume_pool REFERENCES pool (id),
    project text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    content_type text NOT NULL,
    description text NOT NULL,
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT volume_pool_project_type_name UNIQUE (pool_id, project, type, name)
  )`,
  `CREATE TABLE network (
    id uuid NOT NULL CONSTRAINT network_pkey PRIMARY KEY,
    project text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    description text NOT NULL,
    config jsonb NOT NULL,
    CONSTRAINT network_project_name UNIQUE (project, name)
  )`,
  // The journal is updated several times an operation: room in the page keeps those updates off the index (HOT).
  `CREATE TABLE operation (
    id uuid NOT NULL CONSTRAINT operation_pkey PRIMARY KEY,
    project text NOT NULL,
    kind text NOT NULL,
    class text NOT NULL,
    status_code integer NOT NULL,
    resources jsonb,
    metadata jsonb,
    error text NOT NULL,
    may_cancel boolean NOT NULL,
    params jsonb NOT NULL,
    state jsonb NOT NULL,
    begun text[] NOT NULL,
    finished text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE event (
    id bigserial NOT NULL CONSTRAINT event_pkey PRIMARY KEY,
    type text NOT NULL,
    project text NOT NULL,
    at timestamptz NOT NULL,
    metadata jsonb NOT NULL
  )`,
  `CREATE TABLE server_config (
    key text NOT NULL CONSTRAINT server_config_pkey PRIMARY KEY,
    value text NOT NULL
  )`,
];
