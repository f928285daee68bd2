import type { WireOperation } from '#lib/contract';
import { ApiError } from './errors.ts';
import { collect, type TransportResponse } from './transport.ts';

/** LXD's envelope, taken apart. */
export interface Reply<T> {
  kind: 'sync' | 'async';
  metadata: T;
  /** For the If-Match of a later change; null when the server sent none. */
  etag: string | null;
  location: string | null;
}

interface Envelope {
  type?: string;
  metadata?: unknown;
  error?: string;
  error_code?: number;
}

/** Throws ApiError for an error envelope, and for an answer that is no envelope at all. */
export async function readReply<T>(response: TransportResponse): Promise<Reply<T>> {
  const text = (await collect(response.body)).toString();
  const envelope = parse(text);
  if (!envelope || envelope.type === 'error' || response.status >= 400) throw refusal(response.status, text, envelope);
  return {
    kind: envelope.type === 'async' ? 'async' : 'sync',
    metadata: envelope.metadata as T,
    etag: response.headers.etag ?? null,
    location: response.headers.location ?? null,
  };
}

/** For raw endpoints: the body as it comes, or ApiError. */
export async function readRaw(response: TransportResponse): Promise<AsyncIterable<Uint8Array>> {
  if (response.status < 400) return response.body;
  const text = (await collect(response.body)).toString();
  throw refusal(response.status, text, parse(text));
}

/** The operation of an async reply. Throws when the server answered at once where it should not. */
export function operationOf(reply: Reply<unknown>): WireOperation {
  if (reply.kind !== 'async') throw new ApiError(500, 'The server answered without an operation');
  return reply.metadata as WireOperation;
}

function parse(text: string): Envelope | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function refusal(status: number, text: string, envelope: Envelope | null): ApiError {
  const code = envelope?.error_code || status;
  if (envelope?.error) return new ApiError(code, envelope.error);
  const line = text.trim().split('\n')[0]?.slice(0, 200);
  return new ApiError(code, status >= 400 && line ? line : `The server's answer (HTTP ${status}) is not of LXD's API`);
}
