import { deviceErrors } from './device.ts';
import { fileErrors } from './files.ts';
import { hostErrors } from './host.ts';
import { imageErrors } from './image.ts';
import { instanceErrors } from './instance.ts';
import { networkErrors } from './network.ts';
import { operationErrors } from './operation.ts';
import { profileErrors } from './profile.ts';
import { serverErrors } from './server.ts';
import { storageErrors } from './storage.ts';
import type { ErrorRow } from './catalogue.ts';

/** All errors that the API answers; docs/reference/errors.md is generated from it. */
export const errorCatalogue = {
  ...serverErrors,
  ...hostErrors,
  ...instanceErrors,
  ...fileErrors,
  ...imageErrors,
  ...operationErrors,
  ...profileErrors,
  ...networkErrors,
  ...storageErrors,
  ...deviceErrors,
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
type ArgsOf<C extends ErrorCode> = (typeof errorCatalogue)[C] extends ErrorRow<infer A> ? A : never;

/**
 * An error with a row in the catalogue. The rim maps it to LXD's error envelope with the row's status and message.
 * Pass the underlying failure as `cause`; it is logged, never sent.
 */
export class LxError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly status: number;
  readonly args: ArgsOf<C>;

  constructor(
    code: C,
    ...[args, options]: ArgsOf<C> extends void ? [args?: undefined, options?: ErrorOptions] : [args: ArgsOf<C>, options?: ErrorOptions]
  ) {
    const entry = errorCatalogue[code] as ErrorRow<unknown>;
    super(entry.message(args), options);
    this.name = 'LxError';
    this.code = code;
    this.status = entry.status;
    this.args = args as ArgsOf<C>;
  }
}

export function isLxError<C extends ErrorCode>(error: unknown, code?: C): error is LxError<C> {
  return error instanceof LxError && (code === undefined || error.code === code);
}

const databaseFailures: ErrorCode[] = ['database.unavailable', 'database.failed', 'server.disk_full'];

/** A file that could not be written for want of room, as the error that says so; other errors as they are. */
export function withoutRoom(error: unknown): unknown {
  const { code, path } = (error ?? {}) as { code?: unknown; path?: unknown };
  if (!(error instanceof Error) || error instanceof LxError || code !== 'ENOSPC') return error;
  const directory = typeof path === 'string' ? path.slice(0, path.lastIndexOf('/')) || '/' : 'the server';
  return new LxError('server.disk_full', { directory }, { cause: error });
}

/** Whether the database failed, so that the same request may succeed later. */
export function isDatabaseFailure(error: unknown): error is LxError {
  return databaseFailures.some((code) => isLxError(error, code));
}

/** Texts of the checks whose condition holds: `problemsOf([[size < 0, 'The size is negative']])`. */
export function problemsOf(checks: readonly (readonly [wrong: unknown, problem: string])[]): string[] {
  return checks.filter(([wrong]) => wrong).map(([, problem]) => problem);
}

/** Throws one `request.invalid` that names all problems; does nothing when there are none. */
export function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new LxError('request.invalid', { problems: [...problems] });
}
