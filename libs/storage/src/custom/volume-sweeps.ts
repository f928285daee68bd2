import { customVolumeKeys, readKey } from '#lib/contract';
import { Expired, Scheduled, type Subject, type Sweep, type SweepUsing } from '#lib/engine';
import type { Store, VolumeRow } from '#lib/store';
import { snapshotOf } from './snapshot-operations.ts';
import type { NamedVolume } from './users.ts';
import type { VolumeBackups } from './backup/volume-backups.ts';
import type { VolumeSnapshots } from './volume-snapshots.ts';

const minuteMs = 60_000;

interface Using extends SweepUsing {
  store: Store;
}

/** What is done with snapshots and backups of custom volumes unasked: those whose time is over go, and snapshots that are due are taken. */
export function volumeSweeps({ snapshots, backups }: { snapshots: VolumeSnapshots; backups: VolumeBackups }, using: Using): Sweep[] {
  const { store } = using;
  const named = async ({ poolId, project, name }: VolumeRow): Promise<NamedVolume | null> => {
    const pool = (await store.pools.list()).find(({ id }) => id === poolId);
    return pool ? { pool: pool.name, project, name: name.split('/')[0] ?? '' } : null;
  };
  const subject = async (row: VolumeRow): Promise<Subject<NamedVolume>[]> => {
    const volume = await named(row);
    const schedule = readKey(customVolumeKeys, row.config, 'snapshots.schedule');
    if (volume === null || !schedule) return [];
    const latest = Math.max(...(await store.volumes.snapshots(row.id)).map(({ createdAt }) => createdAt.getTime()));
    return [
      {
        ...{ of: volume, id: row.id, name: row.name, createdAt: row.createdAt },
        due: (at) => schedule.due(at, row.id),
        // The snapshot itself says which minute was seen to. One that was taken by hand in that minute does as well.
        done: Number.isFinite(latest) ? latest - (latest % minuteMs) : Number.NaN,
      },
    ];
  };
  return [
    new Expired(
      {
        word: 'snapshot',
        expired: (by) => store.volumes.expired(by),
        delete: async (row) => {
          const volume = await named(row);
          return volume && snapshots.delete(volume, snapshotOf(row));
        },
      },
      using,
    ),
    new Expired(
      {
        word: 'backup',
        expired: (by) => store.volumeBackups.expired(by),
        delete: async (row) => {
          const of = await store.volumes.byId(row.ownerId);
          const volume = of && (await named(of));
          return volume && backups.delete(volume, row);
        },
      },
      using,
    ),
    new Scheduled(
      {
        word: 'snapshot',
        subjects: async () => (await Promise.all((await store.volumes.scheduled()).map(subject))).flat(),
        begin: (volume) => snapshots.create(volume, { name: '', expiresAt: null }),
      },
      using,
    ),
  ];
}
