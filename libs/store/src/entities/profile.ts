import { EntitySchema } from 'typeorm';
import type { ProfileRow } from '../rows.ts';
import { json, key, text, uuid } from './columns.ts';
import { deviceReference } from './references.ts';

export const profileEntity = new EntitySchema<ProfileRow>({
  name: 'profile',
  columns: { id: key(uuid()), project: text(), name: text(), description: text(), config: json(), devices: json() },
  uniques: [{ name: 'profile_project_name', columns: ['project', 'name'] }],
});

export const profileReferenceEntity = deviceReference('profile');
