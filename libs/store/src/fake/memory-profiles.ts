import type { ProfileRow } from '../rows.ts';
import type { Profiles } from '../store.ts';
import type { Inverse } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName, defaults } from './memory-tables.ts';
import { forgetUses, referTo, volumeUsers } from './memory-references.ts';
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
      const using = volumeUsers(tables, 'profile', volumeId);
      return profiles.where(({ id }) => using.includes(id)).sort(byName);
    },
    insert: (row) =>
      write((inverses) => {
        const whole: ProfileRow = defaults.withId(row);
        profiles.insert(whole, inverses);
        referTo(tables, 'profile', whole, inverses);
        return whole;
      }),
    update: (id, change) =>
      write((inverses) => {
        const before = profiles.get(id);
        profiles.update(id, change, inverses);
        if (before && change.devices) referTo(tables, 'profile', { ...before, devices: change.devices }, inverses);
        if (before && change.name !== undefined) follow(before, change.name, inverses);
      }),
    delete: (id) =>
      write((inverses) => {
        const row = profiles.get(id);
        if (row && users(row).length > 0) throw new RowConflict('instance_profile_profile');
        profiles.delete(id, inverses);
        forgetUses(tables, 'profile', id, inverses);
      }),
  };
}
