import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Requestor } from '#lib/engine';

/** What the kernel says of the process at the other end of a unix socket. */
export interface Peer {
  pid: number;
  uid: number;
  gid: number;
}

/** Who is at the other end of a connection. */
export interface Caller {
  /** By what they came: the unix socket, TLS, or the socket inside an instance. */
  readonly door: 'unix' | 'tls' | 'guest';
  /** `admin`: everything. `restricted`: what is in `projects`. `none`: what is public. */
  readonly trust: 'admin' | 'restricted' | 'none';
  readonly projects: readonly string[];
  /** For events and the log. */
  readonly requestor: Requestor;
}

/** Whoever comes by a connection that nobody spoke for. */
const stranger: Caller = { door: 'tls', trust: 'none', projects: [], requestor: { username: '', protocol: 'tls', address: '' } };

const callerKey = Symbol('caller');

/** Says who is at the other end of a connection; what is asked over it is asked by them. */
export function introduce(socket: object, caller: Caller): void {
  Object.assign(socket, { [callerKey]: caller });
}

export function callerOf(socket: object): Caller {
  return (socket as { [callerKey]?: Caller })[callerKey] ?? stranger;
}

/** Whoever may open the unix socket administers the server (API section 2.1). `uid` null: the kernel could not say. */
export function unixCaller(uid: number | null): Caller {
  const requestor = { username: uid === null ? '' : userName(uid), protocol: 'unix', address: '@' };
  return { door: 'unix', trust: 'admin', projects: [], requestor };
}

/** Whether two are the same client. Of one that could not be told, nobody is known to be the same. */
export function isSame(one: Requestor, other: Requestor | null): boolean {
  if (other === null || one.username === '') return false;
  return one.username === other.username && one.protocol === other.protocol && one.address === other.address;
}

/** Who connected to the unix socket. Failing to know it is no reason to refuse the request. */
export function unixPeer(socket: Socket, peerCredentials: (fd: number) => Peer): Caller {
  const fd = (socket as Socket & { _handle?: { fd?: number } })._handle?.fd;
  if (fd === undefined || fd < 0) return unixCaller(null);
  try {
    return unixCaller(peerCredentials(fd).uid);
  } catch {
    // The peer may be gone already (ENOTCONN).
    return unixCaller(null);
  }
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
