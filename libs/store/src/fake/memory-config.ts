import type { ServerConfig } from '../store.ts';
import type { MemoryTables, Write } from './memory-tables.ts';

export function memoryConfig(tables: MemoryTables, write: Write): ServerConfig {
  const { config } = tables;
  const all = async () => Object.fromEntries(config.all().map((row) => [row.key, row.value]));
  return {
    all,
    lock: all,
    set: (change) =>
      write((inverses) => {
        for (const [key, value] of Object.entries(change)) {
          if (config.get(key)) config.delete(key, inverses);
          if (value !== null) config.insert({ key, value }, inverses);
        }
      }),
  };
}
