import type { WebSocket } from 'ws';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';

export interface TransportRequest {
  method: Method;
  /** Path with its query, e.g. /1.0/instances?recursion=2. */
  path: string;
  headers?: Record<string, string>;
  /** An iterable is streamed with chunked encoding. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

export interface TransportResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** To be read once, to the end. */
  body: AsyncIterable<Uint8Array>;
}

/** How the client reaches a server: a unix socket today, tests put scripted answers here. */
export interface Transport {
  /** Rejects with ConnectError when the server cannot be reached. Any HTTP status resolves. */
  request(request: TransportRequest): Promise<TransportResponse>;
  /** An open websocket, paused: attach listeners, then `resume()`. Or a rejection: ApiError with the status of a refused upgrade, ConnectError. */
  socket(path: string): Promise<WebSocket>;
}

/** The whole body as one buffer. */
export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
