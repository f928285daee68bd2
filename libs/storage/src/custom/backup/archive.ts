import type { Readable } from 'node:stream';
import { stringify } from 'yaml';
import { type Packing, packed } from '#lib/archive';
import { expiryText } from '#lib/contract';
import type { PoolRow, VolumeRow } from '#lib/store';
import type { CustomPlaces } from '../custom-places.ts';
import { snapshotOf } from '../snapshot-operations.ts';

/** All that a backup holds. */
export interface BackedUp {
  pool: PoolRow;
  volume: VolumeRow;
  /** The oldest first. */
  snapshots: readonly VolumeRow[];
}

/**
 * A backup in LXD's format, in one stream: index.yaml, volume-snapshots/<name>/ the oldest first, volume/. Instances may write to
 * the volume meanwhile: it is read as it is.
 */
export function volumeArchive(places: CustomPlaces, of: BackedUp, packing: Packing): Readable {
  const { volume, snapshots } = of;
  return packed(packing, async (pack) => {
    await pack.file('backup/index.yaml', indexText(of));
    if (snapshots.length > 0) await pack.directory('backup/volume-snapshots');
    for (const row of snapshots) await tree(`backup/volume-snapshots/${snapshotOf(row)}`, row);
    await tree('backup/volume', volume);

    async function tree(name: string, row: VolumeRow): Promise<void> {
      await pack.openTree(name, await places.data(row), packing.confinement);
    }
  });
}

/** LXD's index.yaml, which comes first: what is read before anything is unpacked. `backend` tells how the data is stored: as plain files. */
function indexText({ pool, volume, snapshots }: BackedUp): string {
  const { name, project, type } = volume;
  return stringify({
    ...{ name, backend: 'dir', pool: pool.name, snapshots: snapshots.map(snapshotOf) },
    ...{ optimized: false, optimized_header: false, type },
    config: {
      volume: { ...shown(volume), name, type, project, used_by: [], location: 'none' },
      volume_snapshots: snapshots.map((row) => ({ ...shown(row), name: snapshotOf(row), expires_at: expiryText(row.expiresAt) })),
    },
  });
}

function shown({ config, description, contentType, createdAt }: VolumeRow) {
  return { config, description, content_type: contentType, created_at: createdAt.toISOString() };
}
