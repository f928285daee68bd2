import { stringify } from 'yaml';
import { never, type WireInstance, type WireInstanceSnapshot } from '#lib/contract';
import type { PoolRow, ProfileRow, VolumeRow } from '#lib/store';

/** All that a backup says of its instance. */
export interface BackedUp {
  instance: WireInstance;
  snapshots: readonly WireInstanceSnapshot[];
  profiles: readonly ProfileRow[];
  pool: PoolRow;
  volume: VolumeRow;
}

/** LXD's backup.yaml: what is known of an instance, beside its root. */
export function instanceDocument({ instance, snapshots, profiles, pool, volume }: BackedUp) {
  const shown = { config: {}, description: '', content_type: volume.contentType };
  return {
    container: instance,
    snapshots,
    pool: { ...present(pool), driver: pool.driver, used_by: [], status: 'Created', locations: ['none'] },
    profiles: profiles.map((profile) => ({ ...present(profile), devices: profile.devices, used_by: [] })),
    volume: {
      ...shown,
      ...{ name: instance.name, type: 'container', used_by: [], location: 'none', project: instance.project, created_at: never },
    },
    volume_snapshots: snapshots.map(({ name }) => ({ ...shown, name, expires_at: never, created_at: never })),
  };
}

/** LXD's index.yaml, which comes first: what is read before anything is unpacked. `backend` tells how roots are stored: as plain files. */
export function indexText(of: BackedUp): string {
  return stringify({
    name: of.instance.name,
    backend: 'dir',
    pool: of.pool.name,
    snapshots: of.snapshots.map(({ name }) => name),
    optimized: false,
    optimized_header: false,
    type: 'container',
    config: instanceDocument(of),
  });
}

function present({ name, description, config }: PoolRow | ProfileRow) {
  return { config, description, name };
}
