import type { NetworkRow } from '../rows.ts';
import type { Networks } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName, defaults } from './memory-tables.ts';
import { refuseNamed } from './memory-references.ts';

export function memoryNetworks(tables: MemoryTables, write: Write): Networks {
  const { networks } = tables;
  return {
    list: async (project) => networks.where((row) => row.project === project).sort(byName),
    get: async (project, name) => networks.where((row) => row.project === project && row.name === name)[0] ?? null,
    lock: async (project, name) => networks.where((row) => row.project === project && row.name === name)[0] ?? null,
    insert: (row) =>
      write((inverses) => {
        const whole: NetworkRow = defaults.withId(row);
        networks.insert(whole, inverses);
        return whole;
      }),
    update: (id, change) => write((inverses) => networks.update(id, change, inverses)),
    delete: (id) =>
      write((inverses) => {
        const row = networks.get(id);
        if (row) {
          refuseNamed(tables, 'network', (project, { type, network, parent }) => {
            return project === row.project && type === 'nic' && (network || parent) === row.name;
          });
        }
        networks.delete(id, inverses);
      }),
  };
}
