/** An operation as clients see it. Times are RFC 3339 text. */
export interface WireOperation {
  id: string;
  class: 'task' | 'websocket' | 'token';
  description: string;
  created_at: string;
  updated_at: string;
  status: string;
  status_code: number;
  /** Kind to URLs, e.g. `{instances: ['/1.0/instances/c1'], containers: [...]}`; null when there are none. */
  resources: Record<string, string[]> | null;
  metadata: Record<string, unknown> | null;
  may_cancel: boolean;
  err: string;
  location: string;
}

/** Keys of `metadata` whose values give access to the operation. */
const secretKeys = ['fds', 'secret'];

/** A copy of an operation without its secrets, for clients that did not start it. */
export function withoutSecrets(operation: WireOperation): WireOperation {
  const { metadata } = operation;
  if (metadata === null || !secretKeys.some((key) => Object.hasOwn(metadata, key))) return operation;
  return { ...operation, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !secretKeys.includes(key))) };
}
