import { status, urls, type WireOperation } from '#lib/contract';
import type { Answer } from './answer.ts';

/** LXD's envelope: all seven keys, always (API section 2.2). */
export interface Envelope {
  type: 'sync' | 'async' | 'error';
  status: string;
  status_code: number;
  operation: string;
  error_code: number;
  error: string;
  metadata: unknown;
}

export function syncEnvelope(metadata: unknown): Envelope {
  return {
    type: 'sync',
    status: status.success.text,
    status_code: status.success.code,
    operation: '',
    error_code: 0,
    error: '',
    metadata,
  };
}

export function asyncEnvelope(operation: WireOperation): Envelope {
  return {
    type: 'async',
    status: status.created.text,
    status_code: status.created.code,
    operation: urls.operation(operation.id),
    error_code: 0,
    error: '',
    metadata: operation,
  };
}

export function errorEnvelope(httpStatus: number, error: string): Envelope {
  return { type: 'error', status: '', status_code: 0, operation: '', error_code: httpStatus, error, metadata: null };
}

/** HTTP status and payload of an answer. */
export function present(answer: Answer): { status: number; payload: unknown } {
  switch (answer.kind) {
    case 'sync':
      return { status: 200, payload: syncEnvelope(answer.metadata) };
    case 'created':
      return { status: 201, payload: syncEnvelope({}) };
    case 'async':
      return { status: 202, payload: asyncEnvelope(answer.metadata as WireOperation) };
    case 'raw':
      return { status: 200, payload: answer.body };
  }
}
