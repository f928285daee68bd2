import { constants } from 'node:os';

/** What node:fs and the addon throw: a failed system call. */
export interface ErrnoError extends Error {
  /** 'EPERM'. */
  code: string;
  /** Negative, as libuv has it. */
  errno: number;
  syscall: string;
  /** What the call was about: a path, a link, an address. */
  path?: string;
}

/** Whether a failure is one of these errnos; serves node:fs and the addon alike. */
export function isErrno(error: unknown, ...codes: readonly string[]): error is ErrnoError {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** A failure as the kernel would report it, for fakes. */
export function errnoError(code: keyof typeof constants.errno, syscall: string, path: string): ErrnoError {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, errno: -constants.errno[code], syscall, path });
}
