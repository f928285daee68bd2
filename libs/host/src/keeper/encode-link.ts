import type { LinkKind, LinkLimits, LinkPlan } from '../link-plan.ts';
import type { ByteWriter } from './bytes.ts';

type Kinds = { [K in LinkKind['kind']]: { code: number; encode(out: ByteWriter, link: Extract<LinkKind, { kind: K }>): void } };

/** IPVLAN_MODE_ of if_link.h. */
const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;

/** A row a kind; the codes are those of `LinkKind` in native/src/keeper/links/plan.h. */
const kinds: Kinds = {
  veth: {
    code: 0,
    encode: (out, { hostName, hostMac, bridge }) =>
      out
        .text(hostName)
        .optional(hostMac, (mac) => out.text(mac))
        .optional(bridge, (name) => out.text(name)),
  },
  macvlan: { code: 1, encode: (out, { parent }) => out.text(parent) },
  physical: { code: 2, encode: (out, { parent }) => out.text(parent) },
  ipvlan: { code: 3, encode: (out, { parent, mode }) => out.text(parent).u16(ipvlanModes[mode]) },
  vlan: { code: 4, encode: (out, { parent, id }) => out.text(parent).u16(id) },
  routed: {
    code: 5,
    encode: (out, { hostName, parent, families }) =>
      out
        .text(hostName)
        .optional(parent, (name) => out.text(name))
        .list(families, ({ hostAddress, gateway, hostTable, addresses, routes }) => {
          out
            .text(hostAddress)
            .flag(gateway)
            .optional(hostTable, (table) => out.u32(table));
          for (const texts of [addresses, routes]) out.list(texts, (text) => out.text(text));
        }),
  },
};

/** Bits of the code of a kind: limits follow; it is isolated. */
const [limited, isolated] = [0x80, 0x40];

export function encodeLink(out: ByteWriter, link: LinkPlan): void {
  const { code, encode } = kinds[link.kind] as { code: number; encode(out: ByteWriter, link: LinkKind): void };
  const limits = 'limits' in link && isLimited(link.limits) ? link.limits : null;
  const alone = link.kind === 'veth' && link.isolated;
  out.u8(code | (limits ? limited : 0) | (alone ? isolated : 0)).text(link.name);
  out.optional(link.mac, (mac) => out.text(mac)).optional(link.mtu, (mtu) => out.u32(mtu));
  if (limits) encodeLimits(out, limits);
  encode(out, link);
}

export function encodeLimits(out: ByteWriter, limits: LinkLimits): ByteWriter {
  return out.u64(BigInt(limits.in ?? 0)).u64(BigInt(limits.out ?? 0));
}

function isLimited(limits: LinkLimits | undefined): limits is LinkLimits {
  return Boolean(limits?.in || limits?.out);
}
