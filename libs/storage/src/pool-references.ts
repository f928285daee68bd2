import type { DeviceMap } from '#lib/base';
import { urls } from '#lib/contract';
import type { PoolRow, Store, VolumeRow } from '#lib/store';
import type { NamedVolume } from './custom/users.ts';

/** URLs of all that uses a pool: its volumes, and the profiles and instances with a disk device that names it. */
export async function poolReferences(store: Store, pool: PoolRow): Promise<string[]> {
  const [volumes, instances, profiles] = await Promise.all([
    store.volumes.list(pool.id),
    store.instances.list(null),
    store.profiles.list('default'),
  ]);
  const users = new Set<string>();
  for (const volume of volumes) users.add(volumeOwner(volume, pool.name));
  for (const instance of instances) if (names(instance.devices, pool.name)) users.add(urls.instance(instance.name, instance.project));
  for (const profile of profiles) if (names(profile.devices, pool.name)) users.add(urls.profile(profile.name, profile.project));
  return [...users].sort();
}

/** URL of the object that a volume belongs to. */
export function volumeOwner(volume: VolumeRow, pool: string): string {
  const { type, project } = volume;
  const [name = '', snapshot] = volume.name.split('/');
  if (type === 'image') return urls.image(name, project);
  if (type === 'custom') return volumeUrl(volume, pool);
  return snapshot === undefined ? urls.instance(name, project) : urls.instanceSnapshot(name, snapshot, project);
}

/** URL of a volume itself, or of a volume's snapshot. */
export function volumeUrl(volume: Pick<NamedVolume, 'name' | 'project'> & { type: string }, pool: string): string {
  const [name = '', snapshot] = volume.name.split('/');
  if (snapshot === undefined) return urls.volume(pool, volume.type, name, volume.project);
  return urls.volumeSnapshot(pool, volume.type, name, snapshot, volume.project);
}

function names(devices: DeviceMap, pool: string): boolean {
  return Object.values(devices).some((device) => device.type === 'disk' && device.pool === pool);
}
