import { isIP } from 'node:net';
import type { ProxyAddress } from '#lib/host';

/** The ends that one option names: each port is one. */
export type Parsed = { addresses: ProxyAddress[] } | { problem: string };

/** `tcp:127.0.0.1:80-81,90`, `udp:[::1]:53`, `unix:/run/x`, `unix:@name`; problems in LXD's words. */
export function parseAddress(text: string): Parsed {
  const [, protocol = '', rest = ''] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (protocol === 'unix') return unixAddress(rest);
  if (protocol !== 'tcp' && protocol !== 'udp') return { problem: `Unknown protocol type ${JSON.stringify(rest ? protocol : text)}` };
  const [, host, ports] = /^\[([^\]]*)\]:(.+)$/.exec(rest) ?? /^([^:]*):(.+)$/.exec(rest) ?? [];
  if (host === undefined || ports === undefined) return { problem: `address ${rest}: missing port in address` };
  if (!isIP(host)) return { problem: `Not an IP address ${JSON.stringify(host)}` };
  const numbers = parsePorts(ports);
  if (typeof numbers === 'string') return { problem: numbers };
  return { addresses: numbers.map((port) => ({ kind: protocol, host, port })) };
}

/** sun_path of unix(7) holds 108 bytes, with the zero byte that begins or ends the name. */
function unixAddress(name: string): Parsed {
  const abstract = name.startsWith('@');
  const host = abstract ? name.slice(1) : name;
  if (host === '' || host.includes('\0') || Buffer.byteLength(host) > 107)
    return { problem: `Invalid name of a unix socket ${JSON.stringify(name)}` };
  if (!abstract && !host.startsWith('/')) return { problem: `Not an absolute path ${JSON.stringify(host)}` };
  return { addresses: [{ kind: abstract ? 'abstract' : 'path', host, port: 0 }] };
}

/** A list of ports and ranges; a text says what is wrong. */
function parsePorts(text: string): number[] | string {
  const ports: number[] = [];
  for (const part of text.split(',')) {
    const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === '' || last > 65_535 || first === 0) return `Invalid port ${JSON.stringify(part)}`;
    if (to !== from && last <= first) return 'End port should be higher than start port';
    for (let port = first; port <= last; port += 1) ports.push(port);
    if (ports.length > 1024) return 'More than 1024 ports';
  }
  return ports;
}
