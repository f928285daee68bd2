import { randomUUID } from 'node:crypto';
import type {
  BackupRow,
  EventRow,
  ImageAliasRow,
  ImageRow,
  InstanceRow,
  NetworkRow,
  NicRow,
  OperationRow,
  PoolRow,
  ProfileRow,
  SnapshotRow,
  VolumeRow,
  WarningRow,
} from '../rows.ts';
import type { Inverse } from './memory-table.ts';
import { keyOf, MemoryTable } from './memory-table.ts';

export type Write = <T>(work: (inverses: Inverse[]) => T) => Promise<T>;

export interface VolumeUse {
  owner: 'instance' | 'profile';
  ownerId: string;
  device: string;
  volumeId: string;
}

/** The tables of one MemoryStore, shared by it and its transactions. */
export interface MemoryTables {
  instances: MemoryTable<InstanceRow>;
  snapshots: MemoryTable<SnapshotRow>;
  backups: MemoryTable<BackupRow>;
  volumeBackups: MemoryTable<BackupRow>;
  profiles: MemoryTable<ProfileRow>;
  images: MemoryTable<ImageRow>;
  aliases: MemoryTable<ImageAliasRow>;
  pools: MemoryTable<PoolRow>;
  volumes: MemoryTable<VolumeRow>;
  networks: MemoryTable<NetworkRow>;
  nics: MemoryTable<NicRow & { instanceId: string }>;
  /** Which instance or profile has which custom volume. */
  volumeUses: MemoryTable<VolumeUse>;
  operations: MemoryTable<OperationRow>;
  events: MemoryTable<EventRow>;
  config: MemoryTable<{ key: string; value: string }>;
  warnings: MemoryTable<WarningRow>;
  lastEventId: number;
}

export function newTables(): MemoryTables {
  const named = (table: string) => ({
    name: `${table}_project_name`,
    of: (row: { project: string; name: string }) => keyOf(row.project, row.name),
  });
  const id = (table: string) => ({ name: `${table}_pkey`, of: (row: { id: string }) => row.id });
  return {
    instances: new MemoryTable<InstanceRow>(id('instance'), [
      named('instance'),
      { name: 'instance_ids', of: (row) => (row.idBase === null ? row.id : String(row.idBase)) },
    ]),
    snapshots: new MemoryTable<SnapshotRow>(id('instance_snapshot'), [
      { name: 'instance_snapshot_name', of: (row) => keyOf(row.instanceId, row.name) },
    ]),
    backups: new MemoryTable<BackupRow>(id('instance_backup'), [
      { name: 'instance_backup_name', of: (row) => keyOf(row.ownerId, row.name) },
    ]),
    volumeBackups: new MemoryTable<BackupRow>(id('volume_backup'), [
      { name: 'volume_backup_name', of: (row) => keyOf(row.ownerId, row.name) },
    ]),
    profiles: new MemoryTable<ProfileRow>(id('profile'), [named('profile')]),
    images: new MemoryTable<ImageRow>({ name: 'image_pkey', of: (row) => keyOf(row.project, row.fingerprint) }),
    aliases: new MemoryTable<ImageAliasRow>({ name: 'image_alias_pkey', of: (row) => keyOf(row.project, row.name) }),
    pools: new MemoryTable<PoolRow>(id('pool'), [{ name: 'pool_name', of: (row) => row.name }]),
    volumes: new MemoryTable<VolumeRow>(id('volume'), [
      { name: 'volume_pool_project_type_name', of: (row) => keyOf(row.poolId, row.project, row.type, row.name) },
    ]),
    nics: new MemoryTable<NicRow & { instanceId: string }>({ name: 'nic_pkey', of: (row) => keyOf(row.instanceId, row.device) }),
    volumeUses: new MemoryTable<VolumeUse>({ name: 'reference_pkey', of: ({ owner, ownerId, device }) => keyOf(owner, ownerId, device) }),
    networks: new MemoryTable<NetworkRow>(id('network'), [named('network')]),
    operations: new MemoryTable<OperationRow>(id('operation')),
    events: new MemoryTable<EventRow>({ name: 'event_pkey', of: (row) => keyOf(String(row.id)) }),
    config: new MemoryTable<{ key: string; value: string }>({ name: 'server_config_pkey', of: (row) => row.key }),
    warnings: new MemoryTable<WarningRow>(id('warning')),
    lastEventId: 0,
  };
}

export const defaults = {
  /** The row with an id, a new one where the caller left it out. */
  withId<R extends { id?: string | undefined }>(row: R): R & { id: string } {
    return { ...row, id: row.id ?? randomUUID() };
  },
};

/** By code units, as Postgres sorts in collation "C". */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
