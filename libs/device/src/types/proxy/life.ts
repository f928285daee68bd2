import type { StringMap } from '#lib/base';
import { isTrue } from '#lib/contract';
import type { ProxyAddress, ProxyPlan } from '#lib/host';
import type { AttachedDevice, DeviceLife } from '../../device-type.ts';
import { parseAddress } from './address.ts';

/** Words of `bind`. */
export const sides = { host: 'host', instance: 'inside', guest: 'inside', container: 'inside' } as const;

/** What is recorded of a proxy: what the keeper is told. */
type AttachedProxy = AttachedDevice & {
  listens: ProxyPlan['listens'];
  listen: ProxyAddress[];
  connect: ProxyAddress[];
  header: boolean;
  owner: ProxyPlan['owner'];
  uid: number;
  gid: number;
};

const life: DeviceLife<AttachedProxy> = {
  choose: (_owner, device, options) => ({
    type: 'proxy',
    device,
    listens: sides[(options.bind || 'host') as keyof typeof sides],
    listen: addresses(options, 'listen'),
    connect: addresses(options, 'connect'),
    header: isTrue(options.proxy_protocol),
    owner: { mode: Number.parseInt(options.mode || '644', 8), uid: Number(options.uid || 0), gid: Number(options.gid || 0) },
    uid: Number(options['security.uid'] || 0),
    gid: Number(options['security.gid'] || 0),
  }),

  async attach() {
    return {};
  },

  beside: ({ device, listens, listen, connect, header, owner, uid, gid }) => ({
    name: device,
    listens,
    listen,
    connect,
    header,
    owner,
    uid,
    gid,
  }),

  async detach() {},

  /** A socket at a path of the host stays behind its process. */
  async clear({ places }, { listens, listen }) {
    if (listens !== 'host') return;
    for (const { kind, host } of listen) if (kind === 'path') await places.dropSocket(host);
  },

  inside: () => ({}),
  changed: (attached) => attached,
  async update() {},
  shown: () => ({}),
};

export const proxyLife = life as unknown as DeviceLife;

/** Of options without problems. */
function addresses(options: StringMap, option: 'listen' | 'connect'): ProxyAddress[] {
  const parsed = parseAddress(options[option] ?? '');
  return 'problem' in parsed ? [] : parsed.addresses;
}
