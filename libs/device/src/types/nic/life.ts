import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LxError } from '#lib/contract';
import type { LinkPlan } from '#lib/host';
import type { AttachedDevice, DeviceLife, DeviceOwner, DevicePorts } from '../../device-type.ts';
import { nicKind } from './kinds/index.ts';
import type { NicKind } from './kinds/kind.ts';
import { addressOn, filterOf, limitsOf, type Nic, parseNic } from './nic.ts';

/** What is recorded of an attached network card: the card, and its end on the host where it has one. */
export type AttachedNic = AttachedDevice & Nic & { type: 'nic' };

export const nicLife: DeviceLife<AttachedNic> = {
  choose(owner, device, options) {
    const nic = parseNic(device, options, owner.volatile);
    const hostName = kindNamed(nic.kind).cable ? (nic.hostName ?? `veth${randomBytes(4).toString('hex')}`) : null;
    return { type: 'nic', ...nic, hostName };
  },

  async attach(ports, owner, attached) {
    const { name, hwaddr: mac } = attached;
    const { device, parent } = attached;
    if (parent && !(await ports.networks.hasLink(parent))) throw new LxError('device.no_parent', { device, parent });
    const kind = kindNamed(attached.kind);
    const lack = await kind.lacks?.(ports, parent, attached.options);
    if (lack) throw new LxError('device.not_started', { device, reason: lack });
    await kind.prepare?.(ports, attached.options);
    const network = await onNetwork(ports, owner, attached);
    await filterAs(ports, owner, attached);
    const link: LinkPlan = {
      name,
      mac,
      mtu: attached.mtu ?? network?.mtu ?? null,
      ...kind.link({ ...attached, hostName: attached.hostName ?? '' }, attached.options, network?.link ?? null),
    };
    return { links: [link] };
  },

  async detach({ networks, deviceRules }, { id, project }, { network, device, hostName, filter }) {
    if (network) await networks.detach({ project, network, instanceId: id, device });
    if (filter && hostName) await deviceRules.unfilter({ instanceId: id, device }, hostName);
  },

  inside: ({ name }) => ({ links: [name] }),

  changed: ({ limits: _limits, filter: _filter, ...attached }, options) => ({
    ...attached,
    ipv4: addressOn(attached.kind, options),
    ...limitsOf(options),
    ...filterOf(attached.hwaddr, options),
  }),

  limits: ({ kind, name, limits = { in: null, out: null } }) => (kindNamed(kind).cable ? { name, limits } : null),

  async update(ports, owner, attached, before) {
    await onNetwork(ports, owner, attached);
    if (isDeepStrictEqual(attached.filter, before?.filter)) return;
    const { device, hostName } = attached;
    if (attached.filter) await filterAs(ports, owner, attached);
    else if (hostName) await ports.deviceRules.unfilter({ instanceId: owner.id, device }, hostName);
  },

  shown: ({ device, hostName }) => (hostName ? { [`volatile.${device}.host_name`]: hostName } : {}),
};

/** Before the card is there, and under a name that it keeps when the guest reboots. */
async function filterAs({ deviceRules }: DevicePorts, { id }: DeviceOwner, { device, hostName, filter }: AttachedNic): Promise<void> {
  if (!filter || !hostName) return;
  await deviceRules.filter({ instanceId: id, device }, hostName, filter).catch((error: unknown) => {
    throw new LxError('device.not_started', { device, reason: error instanceof Error ? error.message : String(error) }, { cause: error });
  });
}

/** Makes the card known to its managed network; null for one that has none. */
async function onNetwork({ networks }: DevicePorts, { id, project, name }: DeviceOwner, { network, device, hwaddr, ipv4 }: AttachedNic) {
  if (!network) return null;
  return networks.attach({ project, network, instanceId: id, device, hostname: name, mac: hwaddr, ipv4 });
}

function kindNamed(kind: string): NicKind {
  const found = nicKind(kind);
  if (!found) throw new TypeError(`a network card of the kind ${kind} cannot be attached`);
  return found;
}
