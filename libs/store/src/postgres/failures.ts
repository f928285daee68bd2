import { LxError } from '#lib/contract';
import { RowConflict } from '../store.ts';

/** Node's codes of a socket that does not reach a server. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * SQLSTATEs of a server that is going, coming or full: admin_shutdown, crash_shutdown, cannot_connect_now,
 * too_many_connections, and class 08 (connection exceptions). PostgreSQL's appendix A.
 */
const away = /^(57P0[123]|53300|08...)$/;

/** What pg and pg-pool say without a code. */
const lost = /Connection terminated|connection error and is not queryable|Client was closed|timeout exceeded when trying to connect/;

/** Whether the failure is about the connection, not about the statement. */
export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return unreachable.has(code) || away.test(code) || lost.test(error.message);
}

/** Postgres' refusals in the words of the Store's contract; everything else as it is. */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  switch (codeOf(error)) {
    case '23505': // unique_violation
    case '23503': // foreign_key_violation
      return new RowConflict((error as { constraint?: string }).constraint ?? '', { cause: error });
    case '22P05': // untranslatable_character: \u0000 in jsonb
    case '22021': // character_not_in_repertoire: NUL in text
      return new LxError('request.invalid', { problems: ['Text may not contain NUL characters'] }, { cause: error });
    default:
      return error;
  }
}

export function unavailable(cause: unknown): LxError<'database.unavailable'> {
  return new LxError('database.unavailable', undefined, { cause });
}

function codeOf(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
}
