import { formatCidr4, formatCidr6, LxError } from '#lib/contract';
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
  const settings = { disable_ipv6: bridge.ipv6 ? '0' : '1', accept_ra: '0', autoconf: '0', accept_dad: '0' };
  for (const [setting, value] of Object.entries(settings)) {
    await sysctls.set(`net/ipv6/conf/${name}/${setting}`, value);
  }
  if (!existing?.up) await links.setLink(name, { up: true });
  await setAddress(name, 'inet', bridge.ipv4 && formatCidr4(bridge.ipv4), links);
  await setAddress(name, 'inet6', bridge.ipv6 && formatCidr6(bridge.ipv6), links);
  await forward(bridge, links, sysctls);
}

async function forward({ name, ipv4, routing, ipv6, routing6 }: Bridge, links: Links, sysctls: Sysctls): Promise<void> {
  if (ipv4 && routing) {
    await sysctls.set('net/ipv4/ip_forward', '1');
    await sysctls.set(`net/ipv4/conf/${name}/forwarding`, '1');
  } else await sysctls.set(`net/ipv4/conf/${name}/forwarding`, '0');
  if (ipv6 && routing6) await forward6(name, links, sysctls);
  else await sysctls.set(`net/ipv6/conf/${name}/forwarding`, '0');
}

/**
 * The kernel forwards IPv6 when the setting of all interfaces says so, and an interface that forwards takes router advertisements
 * only where `accept_ra` is 2 (ip-sysctl): one by which the host has its own address and way out keeps them.
 */
async function forward6(name: string, links: Links, sysctls: Sysctls): Promise<void> {
  if ((await sysctls.get('net/ipv6/conf/all/forwarding')) !== '1') {
    for (const link of await links.list()) {
      const setting = `net/ipv6/conf/${link.name}/accept_ra`;
      if (link.kind !== 'veth' && (await sysctls.get(setting)) === '1') await sysctls.set(setting, '2');
    }
    await sysctls.set('net/ipv6/conf/all/forwarding', '1');
  }
  await sysctls.set(`net/ipv6/conf/${name}/forwarding`, '1');
}

/** The configured address of the family and no other but that of the link. `wanted`: as the kernel writes it. */
async function setAddress(name: string, family: 'inet' | 'inet6', wanted: string | null, links: Links): Promise<void> {
  for (const cidr of await addressesOf(name, links, family)) {
    if (cidr !== wanted && (await addressesOf(name, links, family)).includes(cidr)) await links.deleteAddress(name, cidr);
  }
  // Asked again: with the first address of a subnet the kernel drops the others of that subnet.
  if (wanted && !(await addressesOf(name, links, family)).includes(wanted)) await links.addAddress(name, wanted);
}

async function addressesOf(name: string, links: Links, family: 'inet' | 'inet6' = 'inet'): Promise<string[]> {
  const index = (await links.list()).find((link) => link.name === name)?.index;
  const all = await links.addresses();
  const own = all.filter((address) => address.index === index && address.family === family);
  return own.filter(({ scope }) => family === 'inet' || scope !== 'link').map(({ address, prefix }) => `${address}/${prefix}`);
}

/** Deletes the bridge if it is there and ours; somebody else's is left alone. */
export async function dropLink(bridge: Bridge, links: Links): Promise<void> {
  const existing = await ownLink(bridge, links).catch(() => null);
  if (existing) await links.deleteLink(bridge.name);
}
