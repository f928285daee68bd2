import { randomBytes } from 'node:crypto';
import { type Nic, nics } from '#lib/device';
import type { DeviceMap, StringMap } from '#lib/base';
import type { LinkPlan } from '#lib/host';
import type { Networks } from '#lib/network';
import type { InstanceRow } from '#lib/store';

/** What a start adds to the volatile keys. */
export type VolatileChange = Record<string, string | null>;

type Report = (message: string, cause: unknown) => void;

/** The network cards of instances that come up and go down. */
export class Attachments {
  readonly #networks: Networks;
  readonly #report: Report;

  constructor(networks: Networks, report: Report) {
    this.#networks = networks;
    this.#report = report;
  }

  /** Makes every nic known to its network. `hostNames`: by device, as drawn before. On failure nothing is undone: `detach` does that. */
  async attach(row: InstanceRow, devices: DeviceMap, hostNames: StringMap = {}): Promise<{ links: LinkPlan[]; volatile: VolatileChange }> {
    const volatile: VolatileChange = {};
    const links = await Promise.all(
      nics(devices).map(async (nic) => {
        const plan = await this.#link(row, nic, hostNames[nic.device]);
        if (plan.kind === 'veth') volatile[`volatile.${nic.device}.host_name`] = plan.hostName;
        return plan;
      }),
    );
    return { links, volatile };
  }

  /** Its networks forget the instance. One that cannot is told of and no more: the instance is down all the same. */
  async detach(row: InstanceRow, devices: DeviceMap): Promise<VolatileChange> {
    const volatile: VolatileChange = {};
    const attached = nics(devices);
    for (const nic of attached) volatile[`volatile.${nic.device}.host_name`] = null;
    await Promise.all(
      attached.map(async (nic) => {
        if (!nic.network) return;
        await this.#networks
          .detach({ project: row.project, network: nic.network, instanceId: row.id, device: nic.device, mac: macOf(row, nic) })
          .catch((error: unknown) => this.#report(`taking ${row.name} out of network ${nic.network}`, error));
      }),
    );
    return volatile;
  }

  async #link(row: InstanceRow, nic: Nic, hostName: string | undefined): Promise<LinkPlan> {
    const mac = macOf(row, nic);
    const attached = nic.network
      ? await this.#networks.attach({
          project: row.project,
          network: nic.network,
          instanceId: row.id,
          device: nic.device,
          hostname: row.name,
          mac,
          ipv4: nic.ipv4,
        })
      : { bridge: nic.parent, mtu: null };
    return {
      kind: 'veth',
      hostName: nic.hostName ?? hostName ?? newHostName(),
      name: nic.name,
      bridge: attached.bridge,
      mac,
      hostMac: null,
      mtu: nic.mtu ?? attached.mtu,
    };
  }
}

/** Names of the host's ends, by device: for an operation that must know them again when it is resumed. */
export function drawHostNames(devices: DeviceMap): StringMap {
  return Object.fromEntries(nics(devices).map((nic) => [nic.device, nic.hostName ?? newHostName()]));
}

function newHostName(): string {
  return `veth${randomBytes(4).toString('hex')}`;
}

/** The nic's MAC: as configured, or the one made up when the instance was made. */
function macOf(row: Pick<InstanceRow, 'volatile'>, nic: Nic): string {
  return nic.hwaddr ?? row.volatile[`volatile.${nic.device}.hwaddr`] ?? '';
}
