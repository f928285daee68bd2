import type { StringMap } from '#lib/base';
import { isTrue } from '#lib/contract';
import { isErrno, type Links } from '#lib/host';
import type { InstanceRow, NetworkRow, Store } from '#lib/store';
import type { NetworkDriver } from './driver.ts';

/** A network card as it is on record while it is attached (libs/device). */
interface AttachedCard {
  device: string;
  network: string | null;
  hwaddr: string;
  ipv4: string | null;
  hostName: string | null;
  options: StringMap;
}

/** Plugs the cards of running instances in again, to a network that was made anew under them. */
export async function replug(store: Store, links: Links, driver: NetworkDriver, network: NetworkRow): Promise<void> {
  const here = new Set((await links.list()).map(({ name }) => name));
  for (const instance of await store.instances.list(network.project)) {
    for (const card of cardsOn(network, instance)) {
      // Without its end on the host the instance is down, which its own reckoning finds out.
      if (!card.hostName || !here.has(card.hostName)) continue;
      const { device, hwaddr: mac, ipv4 } = card;
      const { link } = await driver.attach(network, { instanceId: instance.id, device, mac, ipv4, hostname: instance.name });
      if (link.kind !== 'veth') continue;
      await backOn(links, card.hostName, link.bridge, isTrue(card.options['security.port_isolation'])).catch((error: unknown) => {
        if (!isErrno(error, 'ENODEV')) throw error;
      });
    }
  }
}

/** An isolated port is down until it is isolated again: the bridge that it was on took that along. */
async function backOn(links: Links, hostName: string, bridge: string, isolated: boolean): Promise<void> {
  if (isolated) await links.setLink(hostName, { up: false });
  await links.setLink(hostName, { bridge });
  if (isolated) await links.setLink(hostName, { isolated, up: true });
}

function cardsOn(network: NetworkRow, { attached }: InstanceRow): AttachedCard[] {
  return attached.filter((each) => each.type === 'nic' && each.network === network.name) as unknown as AttachedCard[];
}
