import type { IncomingMessage, ServerResponse } from 'node:http';
import { LxError } from '#lib/contract';
import { Deferred } from '#lib/base';
import { errorEnvelope } from './envelope.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Stands between the sockets and the application, so that the daemon can listen before it can serve and be silent before
 * it is gone: 503 while it starts, 503 while it stops, and a count of what is under way.
 */
export class Gate {
  #phase: 'starting' | 'open' | 'closed' = 'starting';
  #handler: Handler | null = null;
  #underWay = 0;
  #idle: Deferred<void> | null = null;

  readonly handle: Handler = (request, response) => {
    const refusal = this.refusal();
    if (refusal || !this.#handler) {
      send(response, refusal ?? new LxError('server.starting'));
      return;
    }
    this.#underWay += 1;
    response.once('close', () => {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#idle?.resolve();
    });
    this.#handler(request, response);
  };

  /** The error that a request or a websocket gets instead of service; null when the gate is open. */
  refusal(): LxError | null {
    if (this.#phase === 'open') return null;
    return this.#phase === 'starting' ? new LxError('server.starting') : new LxError('server.stopping');
  }

  open(handler: Handler): void {
    this.#handler = handler;
    this.#phase = 'open';
  }

  /** No new requests. */
  close(): void {
    this.#phase = 'closed';
  }

  /** Resolves when the requests under way are answered, at most after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    if (this.#underWay === 0) return;
    this.#idle = new Deferred();
    const timer = setTimeout(() => this.#idle?.resolve(), timeoutMs);
    await this.#idle.promise;
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, error: LxError): void {
  const text = JSON.stringify(errorEnvelope(error.status, error.message));
  // The body of the request is not read, so the connection cannot be used again.
  response.writeHead(error.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), connection: 'close' });
  response.end(text);
}
