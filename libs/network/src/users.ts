import type { DeviceMap, StringMap } from '#lib/base';
import { urls } from '#lib/contract';
import type { InstanceRow, NetworkRow, Store } from '#lib/store';

/** A nic of an instance, with the instance's own devices over those of its profiles. */
interface InstanceNic {
  instance: InstanceRow;
  device: string;
  options: StringMap;
}

/** Networks and links by name, with the URLs of the profiles and instances that name them. */
export async function networkUsers(store: Store, project: string): Promise<Map<string, string[]>> {
  const [instances, profiles] = await Promise.all([store.instances.list(project), store.profiles.list(project)]);
  const users = new Map<string, string[]>();
  const note = (options: StringMap, url: string) => {
    const name = networkOf(options);
    const known = users.get(name) ?? [];
    if (name && !known.includes(url)) users.set(name, [...known, url]);
  };
  for (const { name, devices } of profiles) for (const options of Object.values(devices)) note(options, urls.profile(name, project));
  for (const { instance, options } of expandNics(instances, profiles)) note(options, urls.instance(instance.name, project));
  return users;
}

/** What is known of nics with a fixed address: DHCP gives it to nobody else, also while the instance is stopped. */
export async function staticLeases(store: Store, network: NetworkRow): Promise<{ hostname: string; hwaddr: string; address: string }[]> {
  const [instances, profiles] = await Promise.all([store.instances.list(network.project), store.profiles.list(network.project)]);
  return expandNics(instances, profiles).flatMap(({ instance, device, options }) => {
    const address = options['ipv4.address'];
    if (options.network !== network.name || !address) return [];
    return [{ hostname: instance.name, hwaddr: hwaddrOf(instance, device, options), address }];
  });
}

/** MAC addresses of all instances there are. */
export async function instanceMacs(store: Store): Promise<Set<string>> {
  const macs = new Set<string>();
  for (const { volatile, devices } of await store.instances.list(null)) {
    for (const [key, value] of Object.entries(volatile)) if (key.endsWith('.hwaddr')) macs.add(value.toLowerCase());
    for (const { hwaddr } of Object.values(devices)) if (hwaddr) macs.add(hwaddr.toLowerCase());
  }
  return macs;
}

function expandNics(instances: readonly InstanceRow[], profiles: readonly { name: string; devices: DeviceMap }[]): InstanceNic[] {
  const byName = new Map(profiles.map((profile) => [profile.name, profile.devices]));
  return instances.flatMap((instance) => {
    const devices: DeviceMap = Object.assign({}, ...instance.profiles.map((name) => byName.get(name)), instance.devices);
    const nics = Object.entries(devices).filter(([, options]) => options.type === 'nic');
    return nics.map(([device, options]) => ({ instance, device, options }));
  });
}

function networkOf(options: StringMap): string {
  return options.type === 'nic' ? options.network || options.parent || '' : '';
}

function hwaddrOf(instance: InstanceRow, device: string, options: StringMap): string {
  return (options.hwaddr || instance.volatile[`volatile.${device}.hwaddr`] || '').toLowerCase();
}
