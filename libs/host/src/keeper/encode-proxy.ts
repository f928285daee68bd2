import type { ProxyAddress, ProxyPlan } from '../proxy-plan.ts';
import { ByteWriter } from './bytes.ts';

/** The codes of `proxy::Kind` in native/src/proxy/address.h. */
const kinds = { tcp: 0, udp: 1, path: 2, abstract: 3 } as const;

/** The body of a PROXY message. */
export function encodeProxy({ name, listens, header, listen, connect, owner, uid, gid }: ProxyPlan): Buffer {
  const out = new ByteWriter();
  out
    .text(name)
    .flag(listens === 'inside')
    .flag(header);
  const address = ({ kind, host, port }: ProxyAddress) => out.u8(kinds[kind]).text(host).u16(port);
  out.list(listen, address).list(connect, address);
  out.u32(owner.mode).u32(owner.uid).u32(owner.gid).u32(uid).u32(gid);
  return out.done();
}
