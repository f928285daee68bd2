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

/**
 * SQLSTATEs of a statement that took no effect and may do so in a moment: read_only_sql_transaction (what a server says
 * during a failover), serialization_failure, deadlock_detected, query_canceled, lock_not_available.
 */
const momentary = /^(25006|40001|40P01|57014|55P03)$/;

/** What pg and pg-pool say without a code. */
const lost =
  /Connection terminated|connection error and is not queryable|Client was closed|timeout exceeded when trying to connect|timeout expired|Query read timeout/;

/** Whether the failure is about the connection, not about the statement: then nobody knows whether it took effect. */
export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return unreachable.has(code) || away.test(code) || lost.test(error.message);
}

/** Whether the server has no room left (disk_full); the statement took no effect. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === '53100';
}

/** Whether the statement took no effect, and the same one may go well in a moment. */
export function isMomentary(error: unknown): boolean {
  return error instanceof Error && momentary.test(codeOf(error));
}

/**
 * Whether another connection may go well where this one does not: it broke or hangs, or its server became a standby while
 * the address leads to the new primary by now.
 */
export function spoilsConnection(error: unknown): boolean {
  return isConnectionFailure(error) || (error instanceof Error && codeOf(error) === '25006');
}

/**
 * Postgres' refusals in the words of the Store's contract. A refusal that is about the rows or values given (classes 22 and
 * 23) and not among the known ones is a mistake of this program, and stays as it is.
 */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = codeOf(error);
  switch (code) {
    case '23505': // unique_violation
    case '23503': // foreign_key_violation
    case '23P01': // exclusion_violation
      return new RowConflict((error as { constraint?: string }).constraint ?? '', { cause: error });
    case '22P05': // untranslatable_character: \u0000 in jsonb
    case '22021': // character_not_in_repertoire: NUL in text
      return new LxError('request.invalid', { problems: ['Text may not contain NUL characters'] }, { cause: error });
    case '22P02': // invalid_text_representation: here only jsonb is made of a client's text
      return new LxError('request.invalid', { problems: ['Text may not contain halves of surrogate pairs'] }, { cause: error });
    default:
      // Only what the server said has a severity.
      if (!('severity' in error) || /^2[23]/.test(code)) return error;
      return new LxError('database.failed', { reason: error.message }, { cause: error });
  }
}

export function unavailable(cause: unknown): LxError<'database.unavailable'> {
  return new LxError('database.unavailable', undefined, { cause });
}

function codeOf(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
}
