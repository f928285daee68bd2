import type { EndReason, EndRecord, ExecRequest, KeeperInfo } from '../ports.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/** The other side is native/src/keeper/protocol.h; docs/keeper-protocol.md draws the arrows. */
export const protocolVersion = 5;

export const messageType = {
  hello: 1,
  launch: 2,
  retire: 3,
  room: 4,
  roomsOver: 5,
  info: 16,
  signal: 17,
  kill: 18,
  exec: 19,
  execSignal: 20,
  consoleAttach: 21,
  consoleResize: 22,
  logRead: 23,
  logClear: 24,
  renew: 25,
  mount: 26,
  unmount: 27,
  plug: 28,
  unplug: 29,
  proxy: 40,
  proxyEnd: 41,
  files: 30,
  filesEnd: 31,
  limit: 32,
} as const;
export type MessageType = (typeof messageType)[keyof typeof messageType];

/** What a keeper or the nursery says; `fds` of the message are listed in docs/keeper-protocol.md. */
export type Answer =
  | { type: 'greeting'; seq: number; version: number; pid: number }
  | { type: 'running' | 'rebooted'; seq: number; version: number; info: KeeperInfo }
  | { type: 'failed'; seq: number; stage: string; syscall: string; errno: number; path: string }
  | { type: 'done' | 'console' | 'log'; seq: number }
  | { type: 'execStarted'; seq: number; exec: number; pid: number }
  | { type: 'filesOpen'; seq: number; server: number }
  | { type: 'execExited'; seq: 0; exec: number; code: number }
  | { type: 'ended'; seq: 0; end: Omit<EndRecord, 'id'> };

const reasons: readonly EndReason[] = ['poweroff', 'killed', 'exited', 'reboot-failed'];

export function encodeMessage(type: MessageType, seq: number, body: Uint8Array = new Uint8Array()): Buffer {
  const header = new ByteWriter().u16(type).u16(0).u32(seq).done();
  return Buffer.concat([header, body]);
}

export function encodeExec(request: ExecRequest): Buffer {
  const out = new ByteWriter();
  out.list(request.argv, (text) => out.text(text)).list(request.env, (text) => out.text(text));
  out.text(request.cwd).u32(request.uid).u32(request.gid).flag(request.stdio.terminal);
  const { columns, rows } = request.stdio.terminal ? request.stdio : { columns: 0, rows: 0 };
  return out.u16(columns).u16(rows).done();
}

/** Throws RangeError on a message that is cut off, Error on an unknown type. */
export function decodeAnswer(data: Buffer): Answer {
  const reader = new ByteReader(data);
  const code = reader.u16();
  reader.u16();
  const seq = reader.u32();
  switch (code) {
    case 64:
      return { type: 'greeting', seq, version: reader.u32(), pid: reader.u32() };
    case 65:
      return { type: 'running', seq, ...decodeInfo(reader) };
    case 66:
      return { type: 'failed', seq, stage: reader.text(), syscall: reader.text(), errno: reader.i32(), path: reader.text() };
    case 67:
      return { type: 'done', seq };
    case 68:
      return { type: 'execStarted', seq, exec: reader.u32(), pid: reader.u32() };
    case 69:
      return { type: 'console', seq };
    case 70:
      return { type: 'log', seq };
    case 71:
      return { type: 'filesOpen', seq, server: reader.u32() };
    case 80:
      return { type: 'execExited', seq: 0, exec: reader.u32(), code: reader.u32() };
    case 81:
      return { type: 'rebooted', seq, ...decodeInfo(reader) };
    case 82:
      return { type: 'ended', seq: 0, end: decodeEnd(reader) };
    default:
      throw new Error(`unknown message ${code} of a keeper`);
  }
}

function decodeInfo(reader: ByteReader): { version: number; info: KeeperInfo } {
  return { version: reader.u32(), info: { id: reader.text(), initPid: reader.u32(), startedAt: reader.u64(), reboots: reader.u32() } };
}

function decodeEnd(reader: ByteReader): Omit<EndRecord, 'id'> {
  return { reason: reasons[reader.u8()] ?? 'exited', status: reader.i32(), endedAt: reader.u64(), detail: reader.text() };
}
