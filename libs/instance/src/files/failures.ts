import { isLxError, LxError } from '#lib/contract';
import { SftpError } from '#lib/host';

/** What the caller is told when `what` (open, remove, ...) failed at this path. */
export function fileFailure(error: unknown, what: string, path: string, patience: number): unknown {
  if (!(error instanceof SftpError) || isLxError(error)) return error;
  const reason = error.message.toLowerCase();
  switch (error.code) {
    case 'ENOENT':
      return new LxError('file.not_found', undefined, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new LxError('file.denied', { what, path, reason });
    case 'ETIMEDOUT':
      return new LxError('file.stuck', { seconds: patience });
    case 'ECONNRESET':
      return new LxError('file.interrupted');
    default:
      return new LxError('file.failed', { what, path, reason });
  }
}
