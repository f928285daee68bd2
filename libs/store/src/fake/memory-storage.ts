import { customVolumeKeys, readKey } from '#lib/contract';
import type { PoolRow, VolumeRow } from '../rows.ts';
import type { Pools, Volumes } from '../store.ts';
import { RowConflict } from '../store.ts';
import type { Inverse } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { byName, defaults } from './memory-tables.ts';
import { refuseNamed, volumeUsers } from './memory-references.ts';

export function memoryPools(tables: MemoryTables, write: Write): Pools {
  const { pools, volumes } = tables;
  return {
    list: async () => pools.all().sort(byName),
    get: async (name) => pools.where((row) => row.name === name)[0] ?? null,
    byId: async (id) => pools.get(id),
    lock: async (name) => pools.where((row) => row.name === name)[0] ?? null,
    insert: (row) =>
      write((inverses) => {
        const whole: PoolRow = defaults.withId(row);
        pools.insert(whole, inverses);
        return whole;
      }),
    update: (id, change) => write((inverses) => pools.update(id, change, inverses)),
    delete: (id) =>
      write((inverses) => {
        if (volumes.where((row) => row.poolId === id).length > 0) throw new RowConflict('volume_pool');
        const row = pools.get(id);
        if (row) refuseNamed(tables, 'pool', (_, { type, pool }) => type === 'disk' && pool === row.name);
        pools.delete(id, inverses);
      }),
  };
}

export function memoryVolumes(tables: MemoryTables, write: Write): Volumes {
  const { pools, volumes } = tables;
  const refuseUsed = (id: string) => {
    for (const owner of ['instance', 'profile'] as const)
      if (volumeUsers(tables, owner, id).length > 0) throw new RowConflict(`${owner}_reference_volume`);
  };
  const remove = (id: string, inverses: Inverse[]) => {
    for (const row of tables.volumeBackups.where(({ ownerId }) => ownerId === id)) tables.volumeBackups.delete(row.id, inverses);
    volumes.delete(id, inverses);
  };
  return {
    list: async (poolId) => volumes.where((row) => row.poolId === poolId).sort(byName),
    get: async (poolId, project, type, name) =>
      volumes.where((row) => row.poolId === poolId && row.project === project && row.type === type && row.name === name)[0] ?? null,
    byId: async (id) => volumes.get(id),
    snapshots: async (parentId) => volumes.where((row) => row.parentId === parentId).sort(byName),
    expired: async (by) => volumes.where((row) => row.type === 'custom' && row.expiresAt !== null && row.expiresAt <= by),
    scheduled: async () =>
      volumes.where(
        (row) =>
          row.type === 'custom' && row.parentId === null && readKey(customVolumeKeys, row.config, 'snapshots.schedule') !== undefined,
      ),
    lock: async (id) => volumes.get(id),
    insert: (row) =>
      write((inverses) => {
        if (!pools.get(row.poolId)) throw new RowConflict('volume_pool');
        const whole: VolumeRow = { createdAt: new Date(), parentId: null, expiresAt: null, ...defaults.withId(row) };
        volumes.insert(whole, inverses);
        return whole;
      }),
    update: (id, change) => write((inverses) => volumes.update(id, change, inverses)),
    delete: (id) =>
      write((inverses) => {
        if (volumes.where((row) => row.parentId === id).length > 0) throw new RowConflict('volume_parent');
        refuseUsed(id);
        remove(id, inverses);
      }),
    deleteAll: (id) =>
      write((inverses) => {
        refuseUsed(id);
        for (const row of volumes.where((each) => each.id === id || each.parentId === id)) remove(row.id, inverses);
      }),
  };
}
