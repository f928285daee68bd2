import { randomBytes } from 'node:crypto';
import { LxError } from '#lib/contract';
import type { LinkPlan } from '#lib/host';
import type { AttachedDevice, DeviceLife, DeviceOwner, DevicePorts } from '../../device-type.ts';
import { nicKind } from './kinds/index.ts';
import type { NicKind } from './kinds/kind.ts';
import { addressOn, limitsOf, type Nic, parseNic } from './nic.ts';

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
    const link: LinkPlan = {
      name,
      mac,
      mtu: attached.mtu ?? network?.mtu ?? null,
      ...kind.link({ ...attached, hostName: attached.hostName ?? '' }, attached.options, network?.link ?? null),
    };
    return { links: [link] };
  },

  async detach({ networks }, { id, project }, { network, device }) {
    if (network) await networks.detach({ project, network, instanceId: id, device });
  },

  inside: ({ name }) => ({ links: [name] }),

  changed: ({ limits: _before, ...attached }, options) => ({
    ...attached,
    ipv4: addressOn(attached.kind, options),
    ...limitsOf(options),
  }),

  limits: ({ kind, name, limits = { in: null, out: null } }) => (kindNamed(kind).cable ? { name, limits } : null),

  async update(ports, owner, attached) {
    await onNetwork(ports, owner, attached);
  },

  shown: ({ device, hostName }) => (hostName ? { [`volatile.${device}.host_name`]: hostName } : {}),
};

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
