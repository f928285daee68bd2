import { EntitySchema } from 'typeorm';
import type { InstanceRow } from '../rows.ts';
import { bigint, flag, integer, json, key, nullable, type Owned, owner, ownerReference, text, time, uuid } from './columns.ts';
import { deviceReference } from './references.ts';

/** An instance's ids are its own. */
const idsApart = 'USING gist (int8range(id_base, id_base + id_count) WITH &&) WHERE (id_base IS NOT NULL)';

/** Its profiles are the rows of instance_profile. */
export const instanceEntity = new EntitySchema<Omit<InstanceRow, 'profiles'> & Owned>({
  name: 'instance',
  columns: {
    id: key(uuid()),
    project: text(),
    name: text(),
    architecture: text(),
    description: text(),
    ephemeral: flag(),
    config: json(),
    volatile: json(),
    devices: json(),
    attached: json(),
    power: text(),
    createdAt: time('created_at'),
    lastUsedAt: nullable(time('last_used_at')),
    idBase: nullable(bigint('id_base')),
    idCount: nullable(bigint('id_count')),
    serverId: owner(),
  },
  foreignKeys: [ownerReference('instance')],
  exclusions: [{ name: 'instance_ids', expression: idsApart }],
  uniques: [{ name: 'instance_project_name', columns: ['project', 'name'] }],
});

/** The profiles of instances, by position from 1. A profile that an instance uses cannot be deleted. */
export const instanceProfileEntity = new EntitySchema<{ instanceId: string; position: number; profileId: string }>({
  name: 'instance_profile',
  columns: {
    instanceId: { ...key(uuid()), name: 'instance_id' },
    position: key(integer()),
    profileId: { ...uuid(), name: 'profile_id' },
  },
  foreignKeys: [
    {
      name: 'instance_profile_instance',
      target: 'instance',
      columnNames: ['instanceId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
    { name: 'instance_profile_profile', target: 'profile', columnNames: ['profileId'], referencedColumnNames: ['id'] },
  ],
  indices: [{ name: 'instance_profile_profile_id', columns: ['profileId'] }],
});

export const instanceReferenceEntity = deviceReference('instance');
