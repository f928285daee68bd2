import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { JsonObject } from '#lib/base';
import { Deferred } from '#lib/base';
import { LxError } from '#lib/contract';
import type { LiveContext, LiveSpec } from './engine.ts';
import type { RunningOperation } from './running-operation.ts';

interface Slot {
  name: string;
  connected: Deferred<WebSocket>;
  socket: WebSocket | null;
}

/** The sockets of a live operation: a secret each, good for one connection. */
export class LiveRun {
  readonly #slots = new Map<string, Slot>();
  readonly #spec: LiveSpec;
  #over = false;

  constructor(spec: LiveSpec) {
    this.#spec = spec;
    for (const name of spec.sockets) {
      const connected = new Deferred<WebSocket>();
      connected.promise.catch(() => {}); // nobody may be waiting for it when the operation ends
      this.#slots.set(randomBytes(32).toString('hex'), { name, connected, socket: null });
    }
  }

  /** `metadata.fds`: name to secret. */
  get fds(): Record<string, string> {
    return Object.fromEntries([...this.#slots].map(([secret, slot]) => [slot.name, secret]));
  }

  accepts(secret: string): boolean {
    return this.#slots.get(secret)?.socket === null;
  }

  connect(secret: string, socket: WebSocket): void {
    // ws4py closes with code 1005, for which ws emits 'error': without a listener that ends the daemon.
    socket.on('error', () => {});
    const slot = this.#slots.get(secret);
    if (!slot || slot.socket) throw new LxError('operation.bad_secret');
    slot.socket = socket;
    // A short command may be over before its client has connected the last socket.
    if (this.#over) {
      socket.close();
      return;
    }
    // What the client sends before the operation listens must not be lost: whoever takes the socket resumes it.
    socket.pause();
    slot.connected.resolve(socket);
  }

  /** Runs to the end; then sockets that never came reject and those that are open are closed. */
  async run(operation: RunningOperation, now: () => Date): Promise<JsonObject> {
    const { signal } = operation.abort;
    const context: LiveContext = {
      operationId: operation.id,
      signal,
      socket: (name, timeoutMs) => this.#socket(name, timeoutMs, signal),
      progress: (metadata) => operation.progress(metadata, now()),
    };
    try {
      return await this.#spec.run(context);
    } finally {
      this.#over = true;
      for (const slot of this.#slots.values()) {
        slot.connected.reject(new LxError('operation.socket_timeout'));
        slot.socket?.resume(); // paused, it would never read the answer to the close
        slot.socket?.close();
      }
    }
  }

  async #socket(name: string, timeoutMs: number | undefined, signal: AbortSignal): Promise<WebSocket> {
    const slot = [...this.#slots.values()].find((each) => each.name === name);
    if (!slot) throw new TypeError(`${this.#spec.kind} has no socket ${name}`);
    const stop = new Deferred<never>();
    const expire = () => stop.reject(new LxError('operation.socket_timeout'));
    const timer = timeoutMs === undefined ? null : setTimeout(expire, timeoutMs);
    signal.addEventListener('abort', expire);
    if (signal.aborted && !slot.socket) expire();
    try {
      return await Promise.race([slot.connected.promise, stop.promise]);
    } finally {
      if (timer) clearTimeout(timer);
      signal.removeEventListener('abort', expire);
    }
  }
}
