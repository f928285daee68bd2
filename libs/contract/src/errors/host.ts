import { row } from './catalogue.ts';

/** Errors about what the host offers to all instances. */
export const hostErrors = {
  'host.no_id_range': row<{ reason: string }>(
    500,
    ({ reason }) => `No id range for unprivileged containers: ${reason}`,
    'Containers need 65536 uids and gids of their own. Give root a range of at least that many in /etc/subuid and /etc/subgid, the same in both.',
  ),
} as const;
