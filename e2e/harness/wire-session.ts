import { once } from 'node:events';
import type { LxctlClient } from '#lib/client';
import type { WireOperation } from '#lib/contract';
import type { WebSocket } from 'ws';

/** The sockets of a session by hand, for what no well-made client does. They are paused until they are read. */
export class WireSession {
  readonly sockets = new Map<string, WebSocket>();
  /** What each socket brought, once it is read. */
  readonly text = new Map<string, string>();
  /** Names of the streams whose end the server told. */
  readonly ended = new Set<string>();

  constructor(
    private readonly client: LxctlClient,
    readonly operation: WireOperation,
  ) {}

  secret(name: string): string {
    const fds = (this.operation.metadata?.fds ?? {}) as Record<string, string>;
    return fds[name] ?? '';
  }

  async connect(...names: string[]): Promise<this> {
    for (const name of names) {
      const path = `/1.0/operations/${this.operation.id}/websocket?secret=${this.secret(name)}`;
      const socket = await this.client.api.transport.socket(path);
      socket.on('error', () => {});
      this.sockets.set(name, socket);
    }
    return this;
  }

  /** Reads a socket; with `slowly`, it takes one message a turn of the event loop. */
  read(name: string, slowly = false): this {
    const socket = this.socket(name);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary && data.length === 0) this.ended.add(name);
      this.text.set(name, this.shown(name) + data.toString('latin1'));
      if (!slowly) return;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    socket.resume();
    return this;
  }

  shown(name: string): string {
    return this.text.get(name) ?? '';
  }

  type(keys: string): void {
    this.socket('0').send(Buffer.from(keys), { binary: true });
  }

  /** Resolves when the socket has brought what matches. */
  async shows(name: string, pattern: RegExp): Promise<void> {
    const socket = this.socket(name);
    while (!pattern.test(this.shown(name))) {
      if (socket.readyState === socket.CLOSED) throw new Error(`the session ended without ${pattern}: ${this.shown(name)}`);
      await Promise.race([once(socket, 'message'), once(socket, 'close')]);
    }
  }

  async closed(name: string): Promise<void> {
    const socket = this.socket(name);
    socket.resume();
    if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
  }

  /** The final view. */
  done(): Promise<WireOperation> {
    return this.client.operations.wait(this.operation.id, 60);
  }

  terminate(...names: string[]): void {
    for (const [name, socket] of this.sockets) if (names.length === 0 || names.includes(name)) socket.terminate();
  }

  socket(name: string): WebSocket {
    const socket = this.sockets.get(name);
    if (!socket) throw new Error(`socket ${name} is not connected`);
    return socket;
  }
}
