import type { StringMap } from '#lib/base';
import { isTrue, problemsOf } from '#lib/contract';
import type { ProxyAddress } from '#lib/host';
import { type Parsed, parseAddress } from './address.ts';
import { sides } from './life.ts';

export function proxyProblems(options: StringMap): string[] {
  const [listen, connect] = [parseAddress(options.listen ?? ''), parseAddress(options.connect ?? '')];
  return [
    ...invalid('listen', listen),
    ...invalid('connect', connect),
    ...sideProblems(options),
    ...togetherProblems(options, listen, connect),
  ];
}

function invalid(option: string, parsed: Parsed): string[] {
  return 'problem' in parsed ? [`Invalid value for device option ${JSON.stringify(option)}: ${parsed.problem}`] : [];
}

function sideProblems({ bind }: StringMap): string[] {
  const known = !bind || Object.hasOwn(sides, bind);
  return known ? [] : ['Invalid value for device option "bind": Invalid binding side given. Must be "host" or "instance"'];
}

function togetherProblems(options: StringMap, listen: Parsed, connect: Parsed): string[] {
  if ('problem' in listen || 'problem' in connect) return [];
  const counts = connect.addresses.length === 1 || connect.addresses.length === listen.addresses.length;
  const nat = isTrue(options.nat);
  const [from, to] = [kindOf(listen.addresses), kindOf(connect.addresses)];
  const owned = options.uid || options.gid || options.mode;
  return problemsOf([
    [!counts, 'Mismatch between listen port(s) and connect port(s) count'],
    [isTrue(options.proxy_protocol) && (nat || to !== 'tcp'), 'The PROXY header can only be sent to tcp servers in non-nat mode'],
    [owned && from !== 'path', 'Only proxy devices for non-abstract unix sockets can carry uid, gid, or mode properties'],
    [!nat && mixed(from, to), `Proxying from ${from === 'udp' ? 'udp to non-udp' : 'non-udp to udp'} protocol is not supported`],
    [nat, 'option "nat" is not supported by this server: leave it out, and the connections are carried by a process'],
  ]);
}

function kindOf([first]: readonly ProxyAddress[]): ProxyAddress['kind'] {
  return first?.kind ?? 'tcp';
}

/** Datagrams are no streams. */
function mixed(from: ProxyAddress['kind'], to: ProxyAddress['kind']): boolean {
  return (from === 'udp') !== (to === 'udp');
}
