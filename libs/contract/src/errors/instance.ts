import { row } from './catalogue.ts';

/** Errors about instances. */
export const instanceErrors = {
  'instance.not_found': row(404, () => 'Instance not found', 'No instance has this name in the project.'),
  'instance.exists': row<{ name: string }>(409, ({ name }) => `Instance "${name}" already exists`, 'Names are unique in a project.'),
  'instance.name_in_use': row<{ name: string }>(409, ({ name }) => `Name "${name}" already in use`, 'Rename to the name of another.'),
  'instance.running': row(400, () => 'Instance is running', 'The request needs a stopped instance.'),
  'instance.rebuild_running': row(400, () => 'Instance must be stopped to be rebuilt', 'Stop it first.'),
  'instance.rebuild_snapshots': row(
    400,
    () => 'An instance that has snapshots cannot be rebuilt',
    'Its snapshots are of the root that would go: delete them, or copy the instance, first.',
  ),
  'instance.in_pool': row<{ pool: string }>(
    400,
    ({ pool }) => `The instance is in the storage pool ${JSON.stringify(pool)} already`,
    'A move goes to another pool.',
  ),
  'instance.already_running': row(400, () => 'The instance is already running', 'Start of a running instance.'),
  'instance.already_stopped': row(400, () => 'The instance is already stopped', 'Stop of a stopped instance.'),
  'instance.not_running': row(400, () => 'Instance is not running', 'The request needs a running instance.'),
  'instance.rename_running': row(400, () => 'Renaming of running container not allowed', 'Stop the instance first.'),
  'freeze.not_running': row(400, () => "The container isn't running", 'Only a running instance can be frozen and unfrozen.'),
  'freeze.frozen': row(400, () => 'The container is already frozen', 'Freeze of a frozen instance.'),
  'freeze.running': row(400, () => 'The container is already running', 'Unfreeze of an instance that is not frozen.'),
  'instance.frozen': row(400, () => 'Instance is frozen', 'Unfreeze the instance first.'),
  'instance.busy': row<{ action: string }>(
    409,
    ({ action }) => `Instance is busy running a "${action}" operation`,
    'One operation at a time changes an instance; wait for it.',
  ),
  'instance.changed': row(412, () => 'Instance was changed by another request meanwhile', 'Read it again, and ask again.'),
  'instance.reference_gone': row<{ what: string }>(
    409,
    ({ what }) => `A ${what} that the request names was changed or deleted meanwhile`,
    'Somebody changed it between the check of the request and its end. Ask again.',
  ),
  'instance.protected': row(403, () => 'Instance is protected', 'security.protection.delete is set.'),
  'instance.stop_timeout': row<{ seconds: number }>(
    500,
    ({ seconds }) => `Failed shutting down instance, status is "Running": context deadline exceeded (${seconds}s)`,
    'The init of the instance did not end in time. Use force, or a longer timeout.',
  ),
  'instance.bulk_failed': row<{ problems: string[] }>(
    500,
    ({ problems }) => problems.join('; '),
    'Not all of the instances could be changed; `errors` in the metadata of the operation has the reason of each.',
  ),
  'snapshot.not_found': row(404, () => 'Instance snapshot not found', 'The instance has no snapshot of this name.'),
  'snapshot.exists': row<{ name: string }>(
    409,
    ({ name }) => `Snapshot "${name}" already exists`,
    'Names of snapshots are unique in an instance.',
  ),
  'backup.not_found': row(404, () => 'Instance backup not found', 'The instance has no backup of this name.'),
  'backup.invalid': row<{ reason: string }>(
    400,
    ({ reason }) => `Invalid backup: ${reason}`,
    'The file is not a whole backup of a container, or of a custom volume where that is wanted, or holds what it must not hold. Nothing of it was kept.',
  ),
  'backup.unpack_failed': row<{ reason: string }>(
    500,
    ({ reason }) => `Failed to unpack the backup: ${reason}`,
    'The backup passed the check, but writing its files failed. Nothing of it was kept.',
  ),
  'backup.exists': row<{ name: string }>(
    400,
    ({ name }) => `Backup "${name}" already exists`,
    'Names of backups are unique in an instance or a volume.',
  ),
  'template.not_found': row<{ name: string }>(
    404,
    ({ name }) => `Template "${name}" not found`,
    'The instance has no template of this name.',
  ),
  'template.bad_name': row(400, () => 'Invalid template filename', 'A template is a file without a path, and its name begins with no dot.'),
  'template.no_path': row(400, () => 'missing path argument', 'Which template, says path=.'),
  'template.invalid': row<{ problem: string }>(
    400,
    ({ problem }) => problem,
    'The template is no text, or not of the language; what is at fault is named.',
  ),
  'console.busy': row(409, () => 'The console is in use by another client', 'One client at a time; wait until it has left.'),
  'exec.not_found': row(400, () => 'Command not found', 'The command, or its interpreter, is not in the instance (exit code 127).'),
  'exec.not_executable': row(400, () => 'Command not executable', 'The command may not be executed, or is no program (exit code 126).'),
  'exec.no_process': row(
    400,
    () => 'The instance cannot have one more process',
    'It has reached limits.processes, or the host has no process number left; end some, or raise the limit.',
  ),
  'log.not_found': row(404, () => 'Log file not found', 'The instance has no log of this name.'),
  'log.protected': row(400, () => 'Only recorded command output can be deleted', 'The console has DELETE /1.0/instances/{name}/console.'),
  'limits.refused': row<{ key: string; value: string; errno: string }>(
    400,
    ({ key, value, errno }) => `The kernel refuses ${key}=${value}: ${errno}`,
    'The host could give this, but not now, or not to this instance: EBUSY and ENOMEM of limits.memory mean that it uses or needs more than that. Choose another value.',
  ),
  'launch.failed': row<{ stage: string; syscall: string; errno: string; path: string }>(
    500,
    ({ stage, syscall, errno, path }) => `Failed to start: ${stage}: ${syscall}${path ? ` ${path}` : ''}: ${errno}`,
    'A step between the plan and the init of the instance failed; the text names stage, syscall, path and errno.',
  ),
} as const;
