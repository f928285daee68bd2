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
  /** How the client is connected: by the unix socket, by TLS, or by the socket inside an instance. */
  readonly door: 'unix' | 'tls' | 'guest';
  /** What the client may use. `admin`: everything; `restricted`: its `projects`; `none`: public endpoints. */
  readonly trust: 'admin' | 'restricted' | 'none';
  readonly projects: readonly string[];
  /** The client as events and the log name it. */
  readonly requestor: Requestor;
}

/** The caller of a connection without an identity: not trusted. */
const stranger: Caller = { door: 'tls', trust: 'none', projects: [], requestor: { username: '', protocol: 'tls', address: '' } };

const callerKey = Symbol('caller');

/** Sets the identity of a connection. All its requests have this caller. */
export function introduce(socket: object, caller: Caller): void {
  Object.assign(socket, { [callerKey]: caller });
}

export function callerOf(socket: object): Caller {
  return (socket as { [callerKey]?: Caller })[callerKey] ?? stranger;
}

/** The caller of a unix connection, always an administrator (API section 2.1). `uid` is null when the kernel does not know it. */
export function unixCaller(uid: number | null): Caller {
  const requestor = { username: uid === null ? '' : userName(uid), protocol: 'unix', address: '@' };
  return { door: 'unix', trust: 'admin', projects: [], requestor };
}

/** Whether both are the same client. An unknown client (empty user name) equals no other. */
export function isSame(one: Requestor, other: Requestor | null): boolean {
  if (other === null || one.username === '') return false;
  return one.username === other.username && one.protocol === other.protocol && one.address === other.address;
}

/** Identifies the client of a unix connection by SO_PEERCRED. Requests of unknown clients are served too. */
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

/** Login name of a uid, or the number when it has none. */
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
