import { randomBytes } from 'node:crypto';
import { LxError } from '#lib/contract';
import type { LinkKind, LinkPlan } from '#lib/host';
import type { AttachedDevice, DeviceLife, DeviceOwner, DevicePorts } from '../../device-type.ts';
import { type Nic, parseNic } from './nic.ts';

/** What is recorded of an attached network card: the card, and its end on the host where it has one. */
export type AttachedNic = AttachedDevice & Nic & { type: 'nic' };

export const nicLife: DeviceLife<AttachedNic> = {
  choose(owner, device, options) {
    const nic = parseNic(device, options, owner.volatile);
    const cable = nic.kind === 'bridged' || nic.kind === 'p2p';
    return { type: 'nic', ...nic, hostName: cable ? (nic.hostName ?? `veth${randomBytes(4).toString('hex')}`) : null };
  },

  async attach(ports, owner, attached) {
    const { name, hwaddr: mac } = attached;
    const { device, parent } = attached;
    if (parent && !(await ports.networks.hasLink(parent))) throw new LxError('device.no_parent', { device, parent });
    const network = await onNetwork(ports, owner, attached);
    const link: LinkPlan = { name, mac, mtu: attached.mtu ?? network?.mtu ?? null, ...linkOf(attached, network?.link ?? null) };
    return { links: [link] };
  },

  async detach({ networks }, { id, project }, { network, device }) {
    if (network) await networks.detach({ project, network, instanceId: id, device });
  },

  inside: ({ name }) => ({ links: [name] }),

  changed: (attached, options) => ({ ...attached, ipv4: options['ipv4.address'] || null }),

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

/** The link of a card: as its network says, or of its own kind. */
function linkOf({ kind, parent, hostName }: AttachedNic, network: NetworkLink | null): LinkKind {
  const cable = { kind: 'veth' as const, hostName: hostName ?? '', hostMac: null };
  if (network?.kind === 'veth') return { ...cable, bridge: network.bridge };
  if (network) return network;
  switch (kind) {
    case 'bridged':
      return { ...cable, bridge: parent };
    case 'p2p':
      return { ...cable, bridge: null };
    default:
      return { kind, parent: parent ?? '' };
  }
}

type NetworkLink = Awaited<ReturnType<DevicePorts['networks']['attach']>>['link'];
