import { formatCidr4, LxError } from '#lib/contract';
import { isErrno, type LinkInfo, type Links } from '#lib/host';
import type { Sysctls } from '../../sysctls.ts';
import type { Bridge } from './config.ts';

/** Our link of this name, null when there is none. LxError 'network.failed' when it is somebody else's. */
async function ownLink(bridge: Bridge, links: Links): Promise<LinkInfo | null> {
  const link = (await links.list()).find((candidate) => candidate.name === bridge.name);
  if (!link) return null;
  // By its MAC address, which is written in the config; by its address, should a daemon have died while changing the other.
  const sameAddress = bridge.ipv4 !== null && (await addressesOf(bridge.name, links)).includes(formatCidr4(bridge.ipv4));
  if (link.kind === 'bridge' && (link.mac.toLowerCase() === bridge.mac || sameAddress)) return link;
  const reason = `the host has a network interface "${bridge.name}" that is not this network's`;
  throw new LxError('network.failed', { name: bridge.name, stage: 'bridge', reason });
}

/** The bridge as the config has it, adopted or made; `onMade` is called as soon as there is a new one. */
export async function raiseLink(bridge: Bridge, links: Links, sysctls: Sysctls, onMade: () => void): Promise<void> {
  const { name, mac, mtu } = bridge;
  const existing = await ownLink(bridge, links);
  if (!existing) {
    await links.createBridge(name, { mac, mtu }).catch((error: unknown) => {
      // Another daemon was quicker.
      throw isErrno(error, 'EEXIST') ? new LxError('network.exists', { name }, { cause: error }) : error;
    });
    onMade();
  }
  if (existing && existing.mac.toLowerCase() !== mac) await links.setLink(name, { mac });
  if (existing && existing.mtu !== mtu) await links.setLink(name, { mtu });
  // Before it is up: the bridge must take no address from what is plugged in to it.
  for (const [setting, value] of Object.entries({ disable_ipv6: '1', accept_ra: '0', autoconf: '0' })) {
    await sysctls.set(`net/ipv6/conf/${name}/${setting}`, value);
  }
  if (!existing?.up) await links.setLink(name, { up: true });
  await setAddress(bridge, links);
  if (bridge.ipv4 && bridge.routing) {
    await sysctls.set('net/ipv4/ip_forward', '1');
    await sysctls.set(`net/ipv4/conf/${name}/forwarding`, '1');
  } else await sysctls.set(`net/ipv4/conf/${name}/forwarding`, '0');
}

/** The configured IPv4 address and no other. */
async function setAddress({ name, ipv4 }: Bridge, links: Links): Promise<void> {
  const wanted = ipv4 && formatCidr4(ipv4);
  for (const cidr of await addressesOf(name, links)) {
    if (cidr !== wanted && (await addressesOf(name, links)).includes(cidr)) await links.deleteAddress(name, cidr);
  }
  // Asked again: with the first address of a subnet the kernel drops the others of that subnet.
  if (wanted && !(await addressesOf(name, links)).includes(wanted)) await links.addAddress(name, wanted);
}

async function addressesOf(name: string, links: Links): Promise<string[]> {
  const index = (await links.list()).find((link) => link.name === name)?.index;
  const all = await links.addresses();
  return all.filter((address) => address.index === index && address.family === 'inet').map(({ address, prefix }) => `${address}/${prefix}`);
}

/** Deletes the bridge if it is there and ours; somebody else's is left alone. */
export async function dropLink(bridge: Bridge, links: Links): Promise<void> {
  const existing = await ownLink(bridge, links).catch(() => null);
  if (existing) await links.deleteLink(bridge.name);
}
