import type { DeviceMap } from '#lib/base';
import type { PoolRow, Store, VolumeRow } from '#lib/store';

/** URLs of all that uses a pool: its volumes, and the profiles and instances with a disk device that names it. */
export async function poolReferences(store: Store, pool: PoolRow): Promise<string[]> {
  const [volumes, instances, profiles] = await Promise.all([
    store.volumes.list(pool.id),
    store.instances.list(null),
    store.profiles.list('default'),
  ]);
  const urls = new Set<string>();
  for (const volume of volumes) urls.add(volumeOwner(volume, pool.name));
  for (const instance of instances)
    if (names(instance.devices, pool.name)) urls.add(inProject(`/1.0/instances/${instance.name}`, instance.project));
  for (const profile of profiles)
    if (names(profile.devices, pool.name)) urls.add(inProject(`/1.0/profiles/${profile.name}`, profile.project));
  return [...urls].sort();
}

/** URL of the object that a volume belongs to. */
export function volumeOwner(volume: VolumeRow, pool: string): string {
  if (volume.type === 'container') return inProject(`/1.0/instances/${volume.name}`, volume.project);
  if (volume.type === 'image') return `/1.0/images/${volume.name}`;
  return inProject(`/1.0/storage-pools/${pool}/volumes/${volume.type}/${volume.name}`, volume.project);
}

function names(devices: DeviceMap, pool: string): boolean {
  return Object.values(devices).some((device) => device.type === 'disk' && device.pool === pool);
}

function inProject(url: string, project: string): string {
  return project === 'default' ? url : `${url}?project=${project}`;
}
