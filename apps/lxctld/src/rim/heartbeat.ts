import type { WebSocket } from 'ws';

/** One timer that pings every websocket, so that idle ones survive proxies and dead ones are noticed by the kernel. */
export class Heartbeat {
  readonly #sockets = new Set<WebSocket>();
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(intervalMs = 10_000) {
    this.#intervalMs = intervalMs;
  }

  add(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#remove(socket));
    this.#timer ??= setInterval(() => this.#beat(), this.#intervalMs).unref();
  }

  /** Ends every socket: the daemon goes away (close code 1001). */
  closeAll(): void {
    for (const socket of this.#sockets) socket.close(1001);
  }

  terminateAll(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #beat(): void {
    for (const socket of this.#sockets) {
      if (socket.readyState === socket.OPEN) socket.ping('keepalive');
    }
  }

  #remove(socket: WebSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
