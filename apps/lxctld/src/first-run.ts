import type { DeviceMap } from '#lib/base';
import { isLxError } from '#lib/contract';
import type { Networks } from '#lib/network';
import type { Storage } from '#lib/storage';
import type { Store } from '#lib/store';

/**
 * Makes an empty server usable: a pool `default`, a bridge, and a profile `default` that has both. The profile comes last
 * and is what says that the server is initialised, so a start that was cut short is taken up again.
 */
export async function initialise(parts: {
  store: Store;
  storage: Storage;
  networks: Networks;
  report: (message: string, cause: unknown) => void;
}): Promise<void> {
  const { store, storage } = parts;
  if (await store.profiles.get('default', 'default')) return;
  if (!(await store.pools.get('default'))) await firstPool(storage);
  const network = await firstNetwork(parts);
  const nic: DeviceMap = network ? { eth0: { type: 'nic', name: 'eth0', network } } : {};
  await store.profiles.insert({
    project: 'default',
    name: 'default',
    description: 'Default LXD profile',
    config: {},
    devices: { root: { type: 'disk', path: '/', pool: 'default' }, ...nic },
  });
}

/** Where the file system of the state directory cannot carry overlays, plain directories do. */
async function firstPool(storage: Storage): Promise<void> {
  const request = (driver: string) => ({ name: 'default', driver, description: '', config: {} });
  try {
    await storage.pools.create(request('overlay'));
  } catch (error) {
    if (!isLxError(error, 'pool.unusable')) throw error;
    await storage.pools.create(request('dir'));
  }
}

/** A host on which no bridge can be made gets instances without a network, and the reason in the log. */
async function firstNetwork({ store, networks, report }: Parameters<typeof initialise>[0]): Promise<string | null> {
  const [existing] = await store.networks.list('default');
  if (existing) return existing.name;
  try {
    return await newBridge(networks, 5);
  } catch (error) {
    report('making the first network', error);
    return null;
  }
}

/** Another daemon of this host may take the proposed name in the same moment: then the next one is proposed. */
async function newBridge(networks: Networks, tries: number): Promise<string> {
  const { name, config } = await networks.proposeDefault();
  try {
    return (await networks.create('default', { name, type: 'bridge', description: '', config })).name;
  } catch (error) {
    if (tries > 1 && isLxError(error, 'network.exists')) return newBridge(networks, tries - 1);
    throw error;
  }
}
