import type { Instances } from '../store.ts';
import { RowMissing } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName } from './memory-tables.ts';

export function memoryInstances({ instances }: MemoryTables, write: Write): Instances {
  return {
    list: async (project) => instances.where((row) => project === null || row.project === project).sort(byName),
    get: async (project, name) => instances.where((row) => row.project === project && row.name === name)[0] ?? null,
    byId: async (id) => instances.get(id),
    insert: (row) => write((inverses) => instances.insert(row, inverses)),
    update: (id, change) => write((inverses) => instances.update(id, change, inverses)),
    mergeVolatile: (id, change) =>
      write((inverses) => {
        const row = instances.get(id);
        if (!row) throw new RowMissing('instance_pkey');
        const volatile = { ...row.volatile };
        for (const [key, value] of Object.entries(change)) {
          if (value === null) delete volatile[key];
          else volatile[key] = value;
        }
        instances.update(id, { volatile }, inverses);
      }),
    delete: (id) => write((inverses) => instances.delete(id, inverses)),
    usingProfile: async (project, profile) =>
      instances.where((row) => row.project === project && row.profiles.includes(profile)).sort(byName),
  };
}
