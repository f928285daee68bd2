import { HttpException } from '@nestjs/common';
import { isLxError, LxError, withoutRoom } from '#lib/contract';

/** The answer to a failed request. `unexpected`: the request did not cause the error, so it is logged. */
export interface ErrorAnswer {
  status: number;
  text: string;
  unexpected: boolean;
}

/** Maps an error to status and text. The texts of unexpected errors are only logged. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const error = withoutRoom(thrown);
  if (isLxError(error)) return { status: error.status, text: error.message, unexpected: error.status >= 500 && error.cause !== undefined };
  const status = httpStatusOf(error);
  if (status === 404) return errorAnswer(new LxError('path.not_found'));
  if (status !== null && status < 500) return { status, text: (error as Error).message, unexpected: false };
  return { status: 500, text: 'Internal server error, see the log of the daemon', unexpected: true };
}

/** Nest's exceptions and Fastify's errors both carry a status. */
function httpStatusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!code.startsWith('FST_')) return null;
  return (error as Error & { statusCode?: number }).statusCode ?? null;
}
