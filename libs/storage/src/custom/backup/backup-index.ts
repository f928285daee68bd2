import { readShifts, type ShiftedIds } from '#lib/archive';
import type { StringMap } from '#lib/base';
import { problemsOf, readExpiry, snapshotNameProblems, volumeConfigProblems } from '#lib/contract';

/** What a backup says of its volume as it was, or as one of its snapshots was. */
export interface BackedUpVolume {
  name: string;
  description: string;
  config: StringMap;
  content_type: string;
  /** RFC 3339. */
  created_at: string;
}

/** What the index of a volume's backup says; of its fields those that count here. */
export interface VolumeBackupIndex {
  name: string;
  /** Of what it is a backup: `custom`. */
  type: string;
  /** In a form of a pool's own. */
  optimized: boolean;
  /** Names, the oldest first. */
  snapshots: string[];
  volume: BackedUpVolume;
  states: (BackedUpVolume & { expires_at: string })[];
}

/** Every problem of an index by itself. */
export function indexProblems({ type, optimized, snapshots, volume, states }: VolumeBackupIndex): string[] {
  const described = states.map(({ name }) => name);
  return [
    ...problemsOf([
      [type !== 'custom', 'The file is the backup of an instance, not of a custom volume; import it as an instance'],
      [optimized, 'Optimized backups are of the pool that made them; export it without --optimized-storage'],
      [new Set(snapshots).size !== snapshots.length, 'The index of the backup names a snapshot twice'],
      [[...snapshots].sort().join('/') !== described.sort().join('/'), 'The index of the backup does not describe all of its snapshots'],
    ]),
    ...stateProblems(volume),
    ...snapshots.flatMap((name) => snapshotNameProblems(name)),
    ...states.flatMap((state) =>
      [
        ...stateProblems(state),
        ...volumeConfigProblems('default', state.name, ownConfig(state)),
        ...problemsOf([[readExpiry(state.expires_at) === undefined, `Invalid expiry date: ${JSON.stringify(state.expires_at)}`]]),
      ].map((problem) => `Snapshot ${JSON.stringify(state.name)}: ${problem}`),
    ),
  ];
}

function stateProblems({ config, content_type: content }: BackedUpVolume): string[] {
  const isFiles = content === '' || content === 'filesystem';
  return problemsOf([
    [
      !isFiles,
      `Storage volumes of content type ${JSON.stringify(content)} are not supported by this server: they are disks of virtual machines`,
    ],
    [readShifts(config[shiftedKey] ?? '') === null, 'The backup says of its ids what is no map'],
  ]);
}

/** What LXD notes of a volume by itself means nothing elsewhere. */
export function ownConfig({ config }: Pick<BackedUpVolume, 'config'>): StringMap {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith('volatile.')));
}

/** How LXD notes with which ids it has last given the volume to an instance, when it shifted what is in it. */
const shiftedKey = 'volatile.idmap.last';

/** Which ids of its host the files have; none: they are as they are seen inside. Of an index without problems. */
export function shiftsOf({ config }: Pick<BackedUpVolume, 'config'>): ShiftedIds[] {
  return readShifts(config[shiftedKey] ?? '') ?? [];
}
