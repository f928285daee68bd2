import type { DeviceMap, StringMap } from '#lib/base';
import { isApiError, type LxctlClient } from '#lib/client';

/** What `admin init --preseed` reads: LXD's document, as far as this version goes. */
export interface Preseed {
  config?: StringMap | null;
  networks?: { name: string; type?: string; description?: string; config?: StringMap }[] | null;
  storage_pools?: { name: string; driver: string; description?: string; config?: StringMap }[] | null;
  profiles?: { name: string; description?: string; config?: StringMap; devices?: DeviceMap }[] | null;
}

/** Creates what is missing and merges into what is there, in the order things build on each other. What was done, in words. */
export async function applyPreseed(client: LxctlClient, wanted: Preseed): Promise<string[]> {
  const done: string[] = [];
  if (wanted.config && Object.keys(wanted.config).length > 0) {
    await client.server.merge(texts(wanted.config));
    done.push('Server configured');
  }
  for (const pool of wanted.storage_pools ?? []) done.push(`Storage pool ${pool.name} ${await applyPool(client, pool)}`);
  for (const network of wanted.networks ?? []) done.push(`Network ${network.name} ${await applyNetwork(client, network)}`);
  for (const profile of wanted.profiles ?? []) done.push(`Profile ${profile.name} ${await applyProfile(client, profile)}`);
  return done;
}

type Wanted<K extends 'storage_pools' | 'networks' | 'profiles'> = NonNullable<Preseed[K]>[number];
type Outcome = 'created' | 'updated';

async function applyPool({ pools }: LxctlClient, pool: Wanted<'storage_pools'>): Promise<Outcome> {
  const config = texts(pool.config);
  const old = await existing(() => pools.read(pool.name));
  if (!old) await pools.create({ description: '', ...pool, config });
  else await pools.replace(pool.name, merged(old.metadata, pool.description, config), old.etag);
  return old ? 'updated' : 'created';
}

/** A link of the host that has the name is no network yet. */
async function applyNetwork({ networks }: LxctlClient, network: Wanted<'networks'>): Promise<Outcome> {
  const config = texts(network.config);
  const old = await existing(() => networks.read(network.name));
  if (!old?.metadata.managed) {
    await networks.create({ type: 'bridge', description: '', ...network, config });
    return 'created';
  }
  await networks.replace(network.name, merged(old.metadata, network.description, config), old.etag);
  return 'updated';
}

async function applyProfile({ profiles }: LxctlClient, profile: Wanted<'profiles'>): Promise<Outcome> {
  const config = texts(profile.config);
  const devices = Object.fromEntries(Object.entries(profile.devices ?? {}).map(([name, options]) => [name, texts(options)]));
  const old = await existing(() => profiles.read(profile.name));
  if (!old) await profiles.create({ description: '', ...profile, config, devices });
  else {
    const body = { ...merged(old.metadata, profile.description, config), devices: { ...old.metadata.devices, ...devices } };
    await profiles.replace(profile.name, body, old.etag);
  }
  return old ? 'updated' : 'created';
}

function merged(old: { description: string; config: StringMap }, description: string | undefined, config: StringMap) {
  return { description: description ?? old.description, config: { ...old.config, ...config } };
}

async function existing<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (isApiError(error, 404)) return null;
    throw error;
  }
}

/** YAML turns `true` and `10` into what they look like; the API wants text. */
function texts(map: StringMap | null | undefined): StringMap {
  return Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, value === null ? '' : String(value)]));
}
