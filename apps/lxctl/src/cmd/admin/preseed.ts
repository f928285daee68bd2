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
  for (const pool of wanted.storage_pools ?? []) {
    const config = texts(pool.config);
    const old = await existing(() => client.pools.read(pool.name));
    if (!old) await client.pools.create({ description: '', ...pool, config });
    else await client.pools.replace(pool.name, { description: pool.description ?? old.metadata.description, config: { ...old.metadata.config, ...config } }, old.etag);
    done.push(`Storage pool ${pool.name} ${old ? 'updated' : 'created'}`);
  }
  for (const network of wanted.networks ?? []) {
    const config = texts(network.config);
    const old = await existing(() => client.networks.read(network.name));
    if (!old?.metadata.managed) await client.networks.create({ type: 'bridge', description: '', ...network, config });
    else await client.networks.replace(network.name, { description: network.description ?? old.metadata.description, config: { ...old.metadata.config, ...config } }, old.etag);
    done.push(`Network ${network.name} ${old?.metadata.managed ? 'updated' : 'created'}`);
  }
  for (const profile of wanted.profiles ?? []) {
    const devices = Object.fromEntries(Object.entries(profile.devices ?? {}).map(([name, options]) => [name, texts(options)]));
    const old = await existing(() => client.profiles.read(profile.name));
    if (!old) await client.profiles.create({ description: '', ...profile, config: texts(profile.config), devices });
    else {
      const { description, config, devices: present } = old.metadata;
      const body = { description: profile.description ?? description, config: { ...config, ...texts(profile.config) }, devices: { ...present, ...devices } };
      await client.profiles.replace(profile.name, body, old.etag);
    }
    done.push(`Profile ${profile.name} ${old ? 'updated' : 'created'}`);
  }
  return done;
}

async function existing<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (failure) {
    if (isApiError(failure, 404)) return null;
    throw failure;
  }
}

/** YAML turns `true` and `10` into what they look like; the API wants text. */
function texts(map: StringMap | null | undefined): StringMap {
  return Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, value === null ? '' : String(value)]));
}
