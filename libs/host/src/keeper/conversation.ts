import { constants } from 'node:os';
import { Deferred } from '#lib/base';
import type { ErrnoError } from '../errno.ts';
import { type Channel, closeFd } from '../native.ts';
import { type Answer, decodeAnswer, encodeMessage, type MessageType } from './protocol.ts';

export interface Reply {
  answer: Answer;
  /** The receiver owns them. */
  fds: number[];
}

/** A step that the keeper could not do, in Node's shape with the step's name added. */
export interface KeeperError extends ErrnoError {
  stage: string;
}

/** Requests and their answers on one connection; what nobody asked for goes to `onEvent`. */
export class Conversation {
  /** Called with each event and its fds (owned by the callee). */
  onEvent: ((reply: Reply) => void) | null = null;
  /** Called once, when the other side is gone. Not after `close`. */
  onGone: (() => void) | null = null;
  /** Who listened when this was connected: the nursery or a keeper. */
  readonly peerPid: number;
  readonly #channel: Channel;
  readonly #waiting = new Map<number, Deferred<Reply>>();
  #seq = 0;
  #closed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.peerPid = channel.peer.pid;
    channel.onMessage = (data, fds) => this.#hear(data, fds);
    channel.onClose = () => this.#end();
  }

  get open(): boolean {
    return !this.#closed;
  }

  /** Does not keep this process alive. */
  unref(): void {
    this.#channel.unref();
  }

  /** Rejects with a KeeperError when the other side says why it failed, with ECONNRESET when it went away. */
  async ask(type: MessageType, body?: Uint8Array, fds: readonly number[] = []): Promise<Reply> {
    if (this.#closed) throw gone();
    this.#seq += 1;
    const seq = this.#seq;
    this.#channel.send(encodeMessage(type, seq, body), fds);
    const reply = new Deferred<Reply>();
    this.#waiting.set(seq, reply);
    const { answer, fds: received } = await reply.promise;
    if (answer.type === 'failed') throw keeperError(answer);
    return { answer, fds: received };
  }

  close(): void {
    this.onGone = null;
    this.#end();
    this.#channel.close();
  }

  #hear(data: Buffer, fds: number[]): void {
    const reply = { answer: decodeAnswer(data), fds };
    const waiting = this.#waiting.get(reply.answer.seq);
    if (waiting) {
      this.#waiting.delete(reply.answer.seq);
      // A synchronous hand-over first: an exec's end may be the very next message.
      if (reply.answer.type === 'execStarted') this.onEvent?.(reply);
      waiting.resolve(reply);
    } else if (reply.answer.seq === 0) {
      this.onEvent?.(reply);
    } else {
      for (const fd of fds) closeFd(fd);
    }
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reply of this.#waiting.values()) reply.reject(gone());
    this.#waiting.clear();
    this.onGone?.();
  }
}

/** All of errno(3); util.getSystemErrorName knows only what libuv uses. Of two names the first counts: EAGAIN, not EWOULDBLOCK. */
const names = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

function gone(): ErrnoError {
  return Object.assign(new Error('ECONNRESET: the keeper is gone'), { code: 'ECONNRESET', errno: -104, syscall: 'recvmsg' });
}

function keeperError(failed: Extract<Answer, { type: 'failed' }>): KeeperError {
  const code = names.get(failed.errno) ?? `errno ${failed.errno}`;
  const about = failed.path ? ` '${failed.path}'` : '';
  return Object.assign(new Error(`${code}: ${failed.stage}: ${failed.syscall}${about}`), {
    code,
    errno: -failed.errno,
    syscall: failed.syscall,
    stage: failed.stage,
    ...(failed.path ? { path: failed.path } : {}),
  });
}
