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
