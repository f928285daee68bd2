import { row } from './catalogue.ts';

/** Errors about what the host offers to all instances. */
export const hostErrors = {
  'host.no_id_range': row<{ reason: string }>(
    500,
    ({ reason }) => `No id range for unprivileged containers: ${reason}`,
    'Containers need 65536 uids and gids of their own. Give root a range of at least that many in /etc/subuid and /etc/subgid, the same in both.',
  ),
  'host.module': row<{ module: string; reason: string }>(
    500,
    ({ module, reason }) => `Failed to load kernel module ${JSON.stringify(module)}: ${reason}`,
    'linux.kernel_modules names a module that the kernel of the host has neither loaded nor built in, and that cannot be loaded.',
  ),
  'program.missing': row<{ program: string; package: string }>(
    400,
    ({ program, package: name }) => `This needs the program "${program}": install the Debian package ${name}`,
    'A program that this server runs for the request is not installed on the host.',
  ),
} as const;
