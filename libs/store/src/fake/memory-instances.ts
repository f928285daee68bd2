import type { Instances } from '../store.ts';
import { RowMissing } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName } from './memory-tables.ts';
import { replaceNics } from './memory-nics.ts';
import { forgetUses, referTo, refuseUnknownProfiles, volumeUsers } from './memory-references.ts';

export function memoryInstances(tables: MemoryTables, write: Write): Instances {
  const { instances } = tables;
  const merged = (id: string, change: Record<string, string | null>) => {
    const row = instances.get(id);
    if (!row) throw new RowMissing('instance_pkey');
    const kept = Object.entries({ ...row.volatile, ...change }).filter((entry): entry is [string, string] => entry[1] !== null);
    return Object.fromEntries(kept);
  };
  return {
    list: async (project) => instances.where((row) => project === null || row.project === project).sort(byName),
    get: async (project, name) => instances.where((row) => row.project === project && row.name === name)[0] ?? null,
    byId: async (id) => instances.get(id),
    insert: (row, seen, nics = []) =>
      write((inverses) => {
        instances.insert(row, inverses);
        refuseUnknownProfiles(tables, row, seen);
        referTo(tables, 'instance', row, inverses);
        replaceNics(tables, row.id, nics, inverses);
      }),
    update: (id, change, volatile = {}) =>
      write((inverses) => {
        instances.update(id, { ...change, ...(Object.keys(volatile).length > 0 ? { volatile: merged(id, volatile) } : {}) }, inverses);
        const { project } = instances.get(id) ?? { project: '' };
        if (change.profiles) refuseUnknownProfiles(tables, { project, profiles: change.profiles });
        if (change.devices) referTo(tables, 'instance', { id, project, devices: change.devices }, inverses);
      }),
    mergeVolatile: (id, change) => write((inverses) => instances.update(id, { volatile: merged(id, change) }, inverses)),
    delete: (id) =>
      write((inverses) => {
        for (const row of tables.backups.where(({ ownerId }) => ownerId === id)) tables.backups.delete(row.id, inverses);
        for (const row of tables.snapshots.where(({ instanceId }) => instanceId === id)) tables.snapshots.delete(row.id, inverses);
        instances.delete(id, inverses);
        forgetUses(tables, 'instance', id, inverses);
        replaceNics(tables, id, [], inverses);
      }),
    usingProfile: async (project, profile) =>
      instances.where((row) => row.project === project && row.profiles.includes(profile)).sort(byName),
    usingVolume: async (volumeId) => {
      const users = volumeUsers(tables, 'instance', volumeId);
      return instances.where(({ id }) => users.includes(id)).sort(byName);
    },
  };
}
