import type { Images } from '../store.ts';
import { RowConflict } from '../store.ts';
import { keyOf } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName } from './memory-tables.ts';

export function memoryImages({ images, aliases }: MemoryTables, write: Write): Images {
  /** What the foreign key of image_alias does. */
  const refuseNoImage = (project: string, fingerprint: string) => {
    if (!images.get(keyOf(project, fingerprint))) throw new RowConflict('image_alias_image');
  };
  return {
    list: async (project) =>
      images.where((row) => project === null || row.project === project).sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
    get: async (project, fingerprint) => images.get(keyOf(project, fingerprint)),
    fingerprints: async () => images.where(() => true).map((row) => row.fingerprint),
    byPrefix: async (project, prefix) => images.where((row) => row.project === project && row.fingerprint.startsWith(prefix)),
    lock: async (project, fingerprint) => images.get(keyOf(project, fingerprint)),
    insert: (row) => write((inverses) => images.insert(row, inverses)),
    update: (project, fingerprint, change) => write((inverses) => images.update(keyOf(project, fingerprint), change, inverses)),
    delete: (project, fingerprint) =>
      write((inverses) => {
        images.delete(keyOf(project, fingerprint), inverses);
        for (const alias of aliases.where((row) => row.project === project && row.fingerprint === fingerprint)) {
          aliases.delete(keyOf(project, alias.name), inverses);
        }
      }),
    aliases: async (project) => aliases.where((row) => row.project === project).sort(byName),
    alias: async (project, name) => aliases.get(keyOf(project, name)),
    insertAlias: (row) =>
      write((inverses) => {
        refuseNoImage(row.project, row.fingerprint);
        aliases.insert(row, inverses);
      }),
    updateAlias: (project, name, change) =>
      write((inverses) => {
        if (change.fingerprint !== undefined) refuseNoImage(project, change.fingerprint);
        aliases.update(keyOf(project, name), change, inverses);
      }),
    deleteAlias: (project, name) => write((inverses) => aliases.delete(keyOf(project, name), inverses)),
  };
}
