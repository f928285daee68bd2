import { row } from './catalogue.ts';

/** Errors about the files of instances. */
export const fileErrors = {
  'file.no_path': row(400, () => 'Missing path argument', 'Which file, says path=.'),
  'file.bad_type': row<{ type: string }>(400, ({ type }) => `Bad file type: ${type}`, 'X-LXD-type is file, directory or symlink.'),
  'file.bad_write': row<{ mode: string }>(400, ({ mode }) => `Bad file write mode: ${mode}`, 'X-LXD-write is overwrite or append.'),
  'file.not_found': row(404, () => 'Not Found', 'The instance has no file of this path.'),
  'file.denied': row<{ what: string; path: string; reason: string }>(
    403,
    ({ what, path, reason }) => `sftp: "${what} ${path}: ${reason}" (SSH_FX_PERMISSION_DENIED)`,
    'What root may not do inside the instance, a client may not do there either.',
  ),
  'file.failed': row<{ what: string; path: string; reason: string }>(
    500,
    ({ what, path, reason }) => `sftp: "${what} ${path}: ${reason}" (SSH_FX_FAILURE)`,
    "The instance's kernel refused it; the text has its words. Only regular files have content: pipes, sockets and devices are not opened.",
  ),
  'file.stuck': row<{ seconds: number }>(
    500,
    ({ seconds }) => `The file system of the instance did not answer within ${seconds}s`,
    'A file system that the instance mounts or serves itself does not answer. Other paths can be asked for.',
  ),
  'file.interrupted': row(500, () => 'The instance ended or restarted meanwhile', 'Ask again; what was written so far may be incomplete.'),
  'file.closed': row(
    409,
    () => 'An operation on the instance began, and what was being transferred was broken off',
    'While an operation has an instance that does not run, its files are closed. Ask again when the operation is over.',
  ),
  'file.busy': row(
    409,
    () => 'An operation on the instance is under way: its files can be reached when it is over',
    'While an operation has an instance that does not run, its files are closed.',
  ),
  'file.room_failed': row<{ stage: string; syscall: string; errno: string; path: string }>(
    500,
    ({ stage, syscall, errno, path }) =>
      `The root of the instance could not be mounted: ${stage}: ${syscall}${path ? ` ${path}` : ''}: ${errno}`,
    'A step of mounting the root of the stopped instance for its files failed; the text names stage, syscall, path and errno.',
  ),
  'file.room_stuck': row(
    500,
    () => 'The files of the instance are still in use: what served them does not end',
    'A process that serves the files of the stopped instance waits for the disk, most likely. Nothing else may use them until it ends.',
  ),
  'file.old_keeper': row(
    500,
    () => 'The instance runs since before an upgrade of the server, and its files can be reached only after a restart of it',
    'Its keeper is older than this feature. Restart the instance.',
  ),
} as const;
