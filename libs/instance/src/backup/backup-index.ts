import { readShifts, type ShiftedIds } from '#lib/archive';
import type { DeviceMap, StringMap } from '#lib/base';
import { instanceConfigProblems, keyOf, problemsOf, readExpiry, snapshotNameProblems } from '#lib/contract';
import { deviceProblems } from '#lib/device';

/** What a backup says of its instance as it was, or as one of its snapshots was. */
export interface BackedUpState {
  name: string;
  architecture: string;
  config: StringMap;
  devices: DeviceMap;
  profiles: string[];
  ephemeral: boolean;
  /** RFC 3339. */
  created_at: string;
}

/** What the index of a backup says; of its fields those that count here. */
export interface BackupIndex {
  name: string;
  /** Name of the pool that it was in. */
  pool: string;
  /** Empty: container. */
  type: string;
  /** In a form of a pool's own. */
  optimized: boolean;
  /** Names, the oldest first. */
  snapshots: string[];
  instance: BackedUpState & { description: string };
  states: (BackedUpState & { expires_at: string })[];
}

/** Every problem of an index by itself. */
export function indexProblems({ type, optimized, snapshots, states }: BackupIndex): string[] {
  const described = states.map(({ name }) => name);
  return [
    ...problemsOf([
      [type !== '' && type !== 'container', `Instance type "${type}" is not supported by this server`],
      [optimized, 'Optimized backups are of the pool that made them; export it without --optimized-storage'],
      [new Set(snapshots).size !== snapshots.length, 'The index of the backup names a snapshot twice'],
      [[...snapshots].sort().join('/') !== described.sort().join('/'), 'The index of the backup does not describe all of its snapshots'],
    ]),
    ...snapshots.flatMap((name) => snapshotNameProblems(name)),
    ...states.flatMap(({ name, config, devices, expires_at }) =>
      [
        ...instanceConfigProblems(withoutVolatile(config)),
        ...deviceProblems(devices),
        ...problemsOf([[readExpiry(expires_at) === undefined, `Invalid expiry date: ${JSON.stringify(expires_at)}`]]),
      ].map((problem) => `Snapshot ${JSON.stringify(name)}: ${problem}`),
    ),
  ];
}

function withoutVolatile(config: StringMap): StringMap {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith('volatile.')));
}

/**
 * Which ids of its host the files of a backup have, as LXD notes it of a root that it has shifted (`volatile.last_state.idmap`);
 * none: they are as the instance sees them. Of a state without `shiftProblems`.
 */
export function shiftsOf(state: Pick<BackedUpState, 'config'>): ShiftedIds[] {
  return shiftsIn(state) ?? [];
}

export function shiftProblems(state: Pick<BackedUpState, 'config'>): string[] {
  return problemsOf([[shiftsIn(state) === null, 'The backup says of its ids what is no map']]);
}

function shiftsIn({ config }: Pick<BackedUpState, 'config'>): ShiftedIds[] | null {
  // A privileged container is never shifted.
  return keyOf(config, 'security.privileged') ? [] : readShifts(config['volatile.last_state.idmap'] ?? '');
}
