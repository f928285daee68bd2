/** LXD's status codes, shared by operations and instances. Anything >= 200 is final. */
export const status = {
  created: { code: 100, text: 'Operation created' },
  started: { code: 101, text: 'Started' },
  stopped: { code: 102, text: 'Stopped' },
  running: { code: 103, text: 'Running' },
  cancelling: { code: 104, text: 'Cancelling' },
  pending: { code: 105, text: 'Pending' },
  starting: { code: 106, text: 'Starting' },
  stopping: { code: 107, text: 'Stopping' },
  aborting: { code: 108, text: 'Aborting' },
  freezing: { code: 109, text: 'Freezing' },
  frozen: { code: 110, text: 'Frozen' },
  thawed: { code: 111, text: 'Thawed' },
  error: { code: 112, text: 'Error' },
  ready: { code: 113, text: 'Ready' },
  success: { code: 200, text: 'Success' },
  failure: { code: 400, text: 'Failure' },
  cancelled: { code: 401, text: 'Cancelled' },
} as const;

export type StatusName = keyof typeof status;

export function isFinal(code: number): boolean {
  return code >= 200;
}
