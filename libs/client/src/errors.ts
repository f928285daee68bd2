/** The server refused: its own words, and the HTTP status. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Whether the server answered with this status. */
export function isApiError(error: unknown, status?: number): error is ApiError {
  return error instanceof ApiError && (status === undefined || error.status === status);
}

/** Nobody answers on the socket, or we may not open it. `code` is the errno's name. */
export class ConnectError extends Error {
  constructor(
    readonly socketPath: string,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(connectText(socketPath, code), options);
    this.name = 'ConnectError';
  }
}

function connectText(socketPath: string, code: string): string {
  switch (code) {
    case 'ENOENT':
      return `The lxctl daemon is not running (there is no socket at ${socketPath}): start it (npm run daemon), or set LXCTL_DIR to its state directory`;
    case 'ECONNREFUSED':
      return `The lxctl daemon is not running (nobody listens on ${socketPath}): start it (npm run daemon)`;
    case 'EACCES':
    case 'EPERM':
      return `Not allowed to open ${socketPath}: run the command as root, or as a member of the group that owns the socket`;
    default:
      return `The connection to the daemon at ${socketPath} failed: ${code}`;
  }
}

/** An operation that ended in failure; the text is the server's. */
export class OperationError extends Error {
  constructor(
    readonly operation: string,
    readonly code: number,
    message: string,
  ) {
    super(message || 'The operation failed');
    this.name = 'OperationError';
  }
}
