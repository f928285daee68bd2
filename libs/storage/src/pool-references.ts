import type { DeviceMap } from '#lib/base';
import { urls } from '#lib/contract';
import type { PoolRow, Store, VolumeRow } from '#lib/store';

/** URLs of all that uses a pool: its volumes, and the profiles and instances with a disk device that names it. */
export async function poolReferences(store: Store, pool: PoolRow): Promise<string[]> {
  const [volumes, instances, profiles] = await Promise.all([
    store.volumes.list(pool.id),
    store.instances.list(null),
    store.profiles.list('default'),
  ]);
  const users = new Set<string>();
  for (const volume of volumes) if (volume.parentId === null) users.add(volumeOwner(volume, pool.name));
  for (const instance of instances) if (names(instance.devices, pool.name)) users.add(urls.instance(instance.name, instance.project));
  for (const profile of profiles) if (names(profile.devices, pool.name)) users.add(urls.profile(profile.name, profile.project));
  return [...users].sort();
}

/** URL of the object that a volume belongs to. */
export function volumeOwner(volume: VolumeRow, pool: string): string {
  if (volume.type === 'container') return urls.instance(volume.name, volume.project);
  if (volume.type === 'image') return urls.image(volume.name, volume.project);
  return urls.volume(pool, volume.type, volume.name, volume.project);
}

function names(devices: DeviceMap, pool: string): boolean {
  return Object.values(devices).some((device) => device.type === 'disk' && device.pool === pool);
}
