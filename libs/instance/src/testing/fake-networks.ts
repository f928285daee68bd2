import { LxError } from '#lib/contract';
import type { Attachment, Networks, NetworkView } from '#lib/network';

/** The part of Networks that instances use, in memory: which nics are known where. */
export class FakeNetworks implements Pick<Networks, 'get' | 'hasLink' | 'nicProblems' | 'attach' | 'detach' | 'release' | 'sweep'> {
  /** `<network>/<instance id>/<device>` to the name that DNS knows. */
  readonly attached = new Map<string, string>();
  readonly names = new Set(['br']);
  /** Networks that are known and not up. */
  readonly down = new Set<string>();

  async get(_project: string, name: string): Promise<NetworkView> {
    if (!this.names.has(name)) throw new LxError('network.not_found');
    return { name, managed: true, type: 'bridge', description: '', config: {}, status: this.down.has(name) ? 'Unavailable' : 'Created' };
  }

  async attach(request: Parameters<Networks['attach']>[0]): Promise<Attachment> {
    const { network } = request;
    if (!this.names.has(network) || this.down.has(network)) throw new LxError('network.unavailable', { name: network });
    this.attached.set(placeOf(request), request.hostname);
    return { link: { kind: 'veth', bridge: network }, mtu: null };
  }

  async detach(request: Parameters<Networks['detach']>[0]): Promise<void> {
    this.attached.delete(placeOf(request));
  }

  async hasLink(): Promise<boolean> {
    return true;
  }

  async nicProblems(_project: string, network: string): Promise<string[]> {
    return this.names.has(network) ? [] : [`Failed loading network "${network}": Network not found`];
  }

  /** MAC addresses whose leases were given back. */
  readonly released = new Set<string>();

  async release(macs: ReadonlySet<string>): Promise<void> {
    for (const mac of macs) this.released.add(mac);
  }

  async sweep(instanceId: string): Promise<void> {
    for (const place of this.attached.keys()) if (place.split('/')[1] === instanceId) this.attached.delete(place);
  }
}

function placeOf({ network, instanceId, device }: { network: string; instanceId: string; device: string }): string {
  return `${network}/${instanceId}/${device}`;
}
