import { row } from './catalogue.ts';

/** Errors about storage pools and volumes. */
export const storageErrors = {
  'pool.not_found': row(404, () => 'Storage pool not found', 'No storage pool has this name.'),
  'pool.exists': row(409, () => 'The storage pool already exists', 'Pool names are unique.'),
  'pool.in_use': row(
    400,
    () => 'The storage pool is currently in use',
    'Delete the instances on it, and take it out of profiles and instances that name it.',
  ),
  'pool.unknown_driver': row<{ driver: string; known: string[] }>(
    400,
    ({ driver, known }) => `Unknown driver "${driver}": this server has ${known.join(', ')}`,
    'The drivers of this version are named in the text.',
  ),
  'pool.unusable': row<{ path: string; reason: string }>(
    400,
    ({ path, reason }) => `${path} cannot hold a storage pool: ${reason}`,
    'The file system or directory does not offer what the driver needs.',
  ),
  'pool.busy': row<{ action: string }>(
    409,
    ({ action }) => `Storage pool, or what it is to be on, is busy running a "${action}" operation`,
    'One operation at a time works on a pool; wait for it.',
  ),
  'pool.no_quota': row<{ pool: string; driver: string }>(
    400,
    ({ pool, driver }) => `The storage pool "${pool}" cannot honour a "size": its driver ${driver} has no quotas`,
    'Use a pool of the driver btrfs, or take the `size` away. Of project quotas of ext4 and XFS the drivers overlay and dir make no use.',
  ),
  'volume.not_found': row(404, () => 'Storage pool volume not found', 'The pool has no volume of this type and name.'),
  'volume.in_use': row(
    400,
    () => 'The storage volume is still in use',
    'Detach it first: its `used_by` names the instances and profiles with a device that names it.',
  ),
  'volume.in_use_running': row(
    400,
    () => 'Volume is still in use by running instances',
    'Stop the instances that use it, or detach it from them.',
  ),
  'volume.shifting_running': row(
    400,
    () => 'Cannot modify shifting with running instances using the volume',
    'Stop the instances that use it, or detach it from them.',
  ),
  'volume.users_changed': row(
    409,
    () => 'Storage volume: other instances or profiles began to use it meanwhile',
    'Nothing was changed; ask again.',
  ),
  'volume.snapshots_changed': row(409, () => 'Storage volume: its snapshots have changed meanwhile', 'Nothing was changed; ask again.'),
  'volume.busy': row<{ action: string }>(
    409,
    ({ action }) => `Storage volume is busy running a "${action}" operation`,
    'One operation at a time works on a volume; wait for it.',
  ),
  'volume.restore_running': row(
    400,
    () => 'Cannot restore custom volume used by running instances',
    'Stop the instances that use it, or detach it from them.',
  ),
  'volume.snapshot_exists': row<{ name: string }>(
    409,
    ({ name }) => `Snapshot ${JSON.stringify(name)} already in use`,
    'Names of snapshots are unique in a volume.',
  ),
  'volume.snapshot_not_found': row(404, () => 'Storage volume snapshot not found', 'The volume has no snapshot of this name.'),
  'volume.backup_not_found': row(404, () => 'Storage volume backup not found', 'The volume has no backup of this name.'),
  'volume.exists': row(409, () => 'Volume by that name already exists', 'Volume names are unique in a pool, project and type.'),
} as const;
