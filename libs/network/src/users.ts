import type { StringMap } from '#lib/base';
import { urls } from '#lib/contract';
import { Expansion } from '#lib/profile';
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
  for (const { instance, options } of await expandNics(store, instances)) note(options, urls.instance(instance.name, project));
  // What runs is on the network it was attached to, whatever its profiles say by now.
  for (const { name, attached } of instances) for (const each of attached) note(each as StringMap, urls.instance(name, project));
  return users;
}

/** What is known of nics with a fixed address: DHCP gives it to nobody else, also while the instance is stopped. */
export async function staticLeases(store: Store, network: NetworkRow): Promise<{ hostname: string; hwaddr: string; address: string }[]> {
  const nics = await expandNics(store, await store.instances.list(network.project));
  return nics.flatMap(({ instance, device, options }) => {
    const address = options['ipv4.address'];
    if (options.network !== network.name || !address || address === 'none') return [];
    return [{ hostname: instance.name, hwaddr: hwaddrOf(instance, device, options), address }];
  });
}

/** The cards on a network. */
export async function cardsOf(store: Store, network: NetworkRow): Promise<{ hostname: string; hwaddr: string }[]> {
  const nics = await expandNics(store, await store.instances.list(network.project));
  return nics
    .filter(({ options }) => options.network === network.name)
    .map(({ instance, device, options }) => ({ hostname: instance.name, hwaddr: hwaddrOf(instance, device, options) }))
    .filter(({ hwaddr }) => hwaddr !== '');
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

async function expandNics(store: Store, instances: readonly InstanceRow[]): Promise<InstanceNic[]> {
  return (await new Expansion(store).ofAll(instances)).flatMap(({ row, expanded }) => {
    const nics = Object.entries(expanded.devices).filter(([, options]) => options.type === 'nic');
    return nics.map(([device, options]) => ({ instance: row, device, options }));
  });
}

function networkOf(options: StringMap): string {
  return options.type === 'nic' ? options.network || options.parent || '' : '';
}

function hwaddrOf(instance: InstanceRow, device: string, options: StringMap): string {
  return (options.hwaddr || instance.volatile[`volatile.${device}.hwaddr`] || '').toLowerCase();
}
