import type { IncomingMessage, ServerResponse } from 'node:http';
import { LxError } from '#lib/contract';
import { Deferred } from '#lib/base';
import { errorEnvelope } from './envelope.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Passes requests from the sockets to the application, and answers 503 while the daemon starts or stops. Counts the
 * requests that are not answered yet.
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

  /** The error for requests and websockets while the gate is not open; null when it is. */
  refusal(): LxError | null {
    if (this.#phase === 'open') return null;
    return this.#phase === 'starting' ? new LxError('server.starting') : new LxError('server.stopping');
  }

  open(handler: Handler): void {
    this.#handler = handler;
    this.#phase = 'open';
  }

  /** From now on requests are answered 503. */
  close(): void {
    this.#phase = 'closed';
  }

  /** Resolves when all pending requests are answered, at the latest after `timeoutMs`. */
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
