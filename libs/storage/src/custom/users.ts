import type { DeviceMap } from '#lib/base';
import { LxError, urls } from '#lib/contract';
import type { InstanceRow, ProfileRow, Store, VolumeRow } from '#lib/store';

/** A custom volume as devices name it. */
export interface NamedVolume {
  /** Name of the pool. */
  pool: string;
  project: string;
  name: string;
}

type Options = DeviceMap[string];

/** Instances and profiles with a device of their own that is a custom volume. */
export interface VolumeUsers {
  instances: InstanceRow[];
  profiles: ProfileRow[];
}

export async function usersOf(store: Store, volumeId: string): Promise<VolumeUsers> {
  const [instances, profiles] = await Promise.all([store.instances.usingVolume(volumeId), store.profiles.usingVolume(volumeId)]);
  return { instances, profiles };
}

export function userUrls({ instances, profiles }: VolumeUsers): string[] {
  return [
    ...instances.map(({ name, project }) => urls.instance(name, project)),
    ...profiles.map(({ name, project }) => urls.profile(name, project)),
  ].sort();
}

/** The same for every volume of a pool. */
export async function userUrlsIn(store: Store, pool: string): Promise<(volume: Pick<NamedVolume, 'project' | 'name'>) => string[]> {
  const [instances, profiles] = await Promise.all([store.instances.list(null), store.profiles.list('default')]);
  const found = new Map<string, string[]>();
  const add = (project: string, devices: DeviceMap, url: string) => {
    for (const options of Object.values(devices)) {
      const key = `${project}/${options.source}`;
      const known = found.get(key) ?? [];
      if (isDisk(options) && options.pool === pool && options.source && !known.includes(url)) found.set(key, [...known, url].sort());
    }
  };
  for (const { name, project, devices } of instances) add(project, devices, urls.instance(name, project));
  for (const { name, project, devices } of profiles) add(project, devices, urls.profile(name, project));
  return ({ project, name }) => found.get(`${project}/${name}`) ?? [];
}

/** Running instances that have the volume attached, whatever their devices and profiles say by now. */
export async function attachedTo(store: Store, volume: NamedVolume): Promise<InstanceRow[]> {
  const instances = await store.instances.list(volume.project);
  return instances.filter(({ attached }) => attached.some((each) => isVolume({ ...each.options, type: each.type }, volume)));
}

/** Devices that name the volume as it is called from now on. */
function devicesRenamed(devices: DeviceMap, from: NamedVolume, to: NamedVolume): DeviceMap {
  const renamed = (options: Options) => (isVolume(options, from) ? { ...options, pool: to.pool, source: to.name } : options);
  return Object.fromEntries(Object.entries(devices).map(([device, options]) => [device, renamed(options)]));
}

function isVolume(options: Options, { pool, name }: NamedVolume): boolean {
  return isDisk(options) && options.pool === pool && options.source === name;
}

function isDisk({ type }: Options): boolean {
  return type === 'disk';
}

/** What an operation must have of a volume's users: the locks of all instances that may have it. */
export interface HeldUsers {
  /** Ids of instances and profiles. */
  ids: string[];
  instances: Pick<InstanceRow, 'project' | 'name'>[];
}

/** Also the instances that have it by a profile. LxError 'volume.in_use_running'. */
export async function usersAtRest(store: Store, volumeId: string, volume: NamedVolume): Promise<HeldUsers> {
  if ((await attachedTo(store, volume)).length > 0) throw new LxError('volume.in_use_running');
  const { instances, profiles } = await usersOf(store, volumeId);
  const byProfile = await Promise.all(profiles.map(({ project, name }) => store.instances.usingProfile(project, name)));
  const all = new Map([...instances, ...byProfile.flat()].map((row) => [row.id, row]));
  return {
    ids: [...all.keys(), ...profiles.map(({ id }) => id)],
    instances: [...all.values()].map(({ project, name }) => ({ project, name })),
  };
}

/** LxError 'volume.users_changed' when somebody began to use it whose lock the operation does not hold. */
export async function refuseStrangers(writes: Store, volumeId: string, held: readonly string[]): Promise<VolumeUsers> {
  const users = await usersOf(writes, volumeId);
  if ([...users.instances, ...users.profiles].some(({ id }) => !held.includes(id))) throw new LxError('volume.users_changed');
  return users;
}

/**
 * Writes where the volume is from now on, and the same into the devices of all who name it. Whoever began to use it since
 * `held` was read is not written under its operation's hands: LxError 'volume.users_changed'.
 */
export async function moveWithUsers(
  writes: Store,
  volume: { id: string; change: Partial<VolumeRow>; from: NamedVolume; to: NamedVolume },
  held: readonly string[],
): Promise<void> {
  const { id, change, from, to } = volume;
  // In the order in which a change of a profile takes its locks.
  for (const { project, name } of (await usersOf(writes, id)).profiles) await writes.profiles.lock(project, name);
  await writes.volumes.update(id, change);
  const { instances, profiles } = await refuseStrangers(writes, id, held);
  if ((await attachedTo(writes, from)).length > 0) throw new LxError('volume.users_changed');
  for (const row of instances) await writes.instances.update(row.id, { devices: devicesRenamed(row.devices, from, to) });
  for (const row of profiles) await writes.profiles.update(row.id, { devices: devicesRenamed(row.devices, from, to) });
}
