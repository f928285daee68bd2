import type { DeviceMap } from '#lib/base';
import type { LxctlClient } from '#lib/client';
import type { Preseed } from './preseed.ts';

/** What a server still needs before `launch` works: a pool, a network, and both in the default profile. */
export async function defaults(client: LxctlClient): Promise<Preseed> {
  const [pools, networks, profiles] = await Promise.all([client.pools.list(), client.networks.list(), client.profiles.list()]);
  const managed = networks.filter((network) => network.managed);
  const pool = pools[0]?.name ?? 'default';
  const network = managed[0]?.name ?? freeName(networks.map(({ name }) => name));
  const present = profiles.find(({ name }) => name === 'default')?.devices ?? {};
  const devices: DeviceMap = {};
  if (!Object.values(present).some((device) => device.type === 'disk' && device.path === '/'))
    devices.root = { type: 'disk', path: '/', pool };
  if (!Object.values(present).some((device) => device.type === 'nic')) devices.eth0 = { type: 'nic', name: 'eth0', network };
  return {
    storage_pools: pools.length === 0 ? [{ name: pool, driver: 'overlay' }] : [],
    networks: managed.length === 0 ? [{ name: network }] : [],
    profiles: Object.keys(devices).length > 0 ? [{ name: 'default', devices }] : [],
  };
}

function freeName(taken: readonly string[]): string {
  let number = 0;
  while (taken.includes(`lxctlbr${number}`)) number += 1;
  return `lxctlbr${number}`;
}
