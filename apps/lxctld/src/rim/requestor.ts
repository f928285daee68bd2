import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Requestor } from '#lib/engine';
import type { Request } from './request.ts';

/** What the kernel says of the process at the other end of a unix socket. */
export interface Peer {
  pid: number;
  uid: number;
  gid: number;
}

const peerKey = Symbol('peer');

/** Notes on a fresh connection who is at its other end. Failing to know it is no reason to refuse the request. */
export function notePeer(socket: Socket, peerCredentials: (fd: number) => Peer): void {
  const fd = (socket as Socket & { _handle?: { fd?: number } })._handle?.fd;
  if (fd === undefined || fd < 0) return;
  try {
    Object.assign(socket, { [peerKey]: peerCredentials(fd) });
  } catch {
    // The peer may be gone already (ENOTCONN).
  }
}

export function peerOf(socket: Socket): Peer | null {
  return (socket as Socket & { [peerKey]?: Peer })[peerKey] ?? null;
}

/** Who asked, for lifecycle events and the log. */
export function requestorOf(request: Request): Requestor {
  const peer = peerOf(request.raw.socket);
  return { username: peer ? userName(peer.uid) : 'root', protocol: 'unix', address: '@' };
}

/** Login name of a uid, or its number. Root is known without a look. */
export function userName(uid: number, passwd = '/etc/passwd'): string {
  if (uid === 0) return 'root';
  try {
    const line = readFileSync(passwd, 'utf8')
      .split('\n')
      .find((entry) => entry.split(':')[2] === String(uid));
    return line?.split(':', 1)[0] ?? String(uid);
  } catch {
    return String(uid);
  }
}
