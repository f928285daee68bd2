import type { ProfileRow } from '../rows.ts';
import type { Profiles } from '../store.ts';
import type { Inverse } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName, defaults } from './memory-tables.ts';
import { isVolume, refuseUnknownNames } from './memory-references.ts';
import { RowConflict } from '../store.ts';

export function memoryProfiles(tables: MemoryTables, write: Write): Profiles {
  const { instances, profiles } = tables;
  const find = (project: string, name: string) => profiles.where((row) => row.project === project && row.name === name)[0] ?? null;
  const users = (row: ProfileRow) => instances.where(({ project, profiles: used }) => project === row.project && used.includes(row.name));
  /** Instances hold the profile, not its name. */
  const follow = (row: ProfileRow, name: string, inverses: Inverse[]) => {
    for (const user of users(row)) {
      instances.update(user.id, { profiles: user.profiles.map((used) => (used === row.name ? name : used)) }, inverses);
    }
  };
  return {
    list: async (project) => profiles.where((row) => row.project === project).sort(byName),
    get: async (project, name) => find(project, name),
    many: async (project, names) => names.flatMap((name) => find(project, name) ?? []),
    lock: async (project, name) => find(project, name),
    usingVolume: async (volumeId) => {
      const isIt = isVolume(tables, volumeId);
      return profiles.where(({ project, devices }) => Object.values(devices).some((options) => isIt(project, options))).sort(byName);
    },
    insert: (row) =>
      write((inverses) => {
        const whole: ProfileRow = defaults.withId(row);
        profiles.insert(whole, inverses);
        refuseUnknownNames(tables, 'profile', whole.project, whole.devices);
        return whole;
      }),
    update: (id, change) =>
      write((inverses) => {
        const before = profiles.get(id);
        profiles.update(id, change, inverses);
        if (before && change.devices) refuseUnknownNames(tables, 'profile', before.project, change.devices);
        if (before && change.name !== undefined) follow(before, change.name, inverses);
      }),
    delete: (id) =>
      write((inverses) => {
        const row = profiles.get(id);
        if (row && users(row).length > 0) throw new RowConflict('instance_profile_profile');
        profiles.delete(id, inverses);
      }),
  };
}
