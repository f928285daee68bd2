import type { ProfileRow } from '../rows.ts';
import type { Profiles } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName, defaults } from './memory-tables.ts';

export function memoryProfiles(tables: MemoryTables, write: Write): Profiles {
  const { profiles } = tables;
  const find = (project: string, name: string) => profiles.where((row) => row.project === project && row.name === name)[0] ?? null;
  return {
    list: async (project) => profiles.where((row) => row.project === project).sort(byName),
    get: async (project, name) => find(project, name),
    many: async (project, names) => names.flatMap((name) => find(project, name) ?? []),
    insert: (row) =>
      write((inverses) => {
        const whole: ProfileRow = defaults.withId(row);
        profiles.insert(whole, inverses);
        return whole;
      }),
    update: (id, change) => write((inverses) => profiles.update(id, change, inverses)),
    delete: (id) => write((inverses) => profiles.delete(id, inverses)),
  };
}
