import type { NicRow } from '../rows.ts';
import type { Nics } from '../store.ts';
import { RowConflict } from '../store.ts';
import { type Inverse, keyOf } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';

export function memoryNics(tables: MemoryTables, write: Write): Nics {
  return {
    replace: (instanceId, nics) => write((inverses) => replaceNics(tables, instanceId, nics, inverses)),
    inSegment: async (segment) => tables.nics.where((row) => row.segment === segment),
  };
}

/** The checks come at the end, as those of a deferrable constraint do. */
export function replaceNics({ nics: table }: MemoryTables, instanceId: string, nics: readonly NicRow[], inverses: Inverse[]): void {
  for (const { device } of table.where((row) => row.instanceId === instanceId)) table.delete(keyOf(instanceId, device), inverses);
  for (const nic of nics) table.insert({ ...nic, instanceId }, inverses);
  const twice = (of: (row: NicRow) => (string | null)[]) => {
    const values = table.all().flatMap((row) => (of(row).includes(null) ? [] : [JSON.stringify(of(row))]));
    return new Set(values).size < values.length;
  };
  if (twice(({ segment, address }) => [segment, address])) throw new RowConflict('nic_address');
  if (twice(({ segment, mac }) => [segment, mac])) throw new RowConflict('nic_mac');
  if (twice(({ hostName }) => [hostName])) throw new RowConflict('nic_host_name');
}
