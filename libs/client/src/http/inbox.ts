import type { Socket } from 'node:net';

const highWater = 1 << 20;

/**
 * What arrives on a socket, read in order.
 *
 * INVARIANT: bytes that arrived before a failure are handed out before it is thrown: a server that refuses an upload
 * answers and closes, and the answer must win over our EPIPE.
 */
export class Inbox {
  #chunks: Buffer[] = [];
  #held = 0;
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      if (this.#held > highWater) socket.pause();
      this.#notify();
    });
    socket.on('end', () => this.#end(null));
    socket.on('close', () => this.#end(null));
    socket.on('error', (error) => this.#end(error));
  }

  /** The next bytes; null at the end of the stream. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#held -= chunk.length;
        if (this.#held <= highWater && this.#socket.isPaused()) this.#socket.resume();
        return chunk;
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Puts back what was read too much. */
  unread(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#chunks.unshift(rest);
    this.#held += rest.length;
  }

  /** One line without its line end; null at the end of the stream. Throws when it is longer than 64 KiB. */
  async line(): Promise<string | null> {
    let seen: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await this.next();
      if (!chunk) {
        if (seen.length > 0) throw new Error('the answer ends in the middle of a line');
        return null;
      }
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const end = seen.indexOf(10);
      if (end >= 0) {
        this.unread(seen.subarray(end + 1));
        return seen.subarray(0, seen[end - 1] === 13 ? end - 1 : end).toString('latin1');
      }
      if (seen.length > 65536) throw new Error('a line of the answer is too long');
    }
  }

  #end(error: Error | null): void {
    if (error) this.#error ??= error;
    this.#ended = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
