import { row } from './catalogue.ts';

/** Errors about networks. */
export const networkErrors = {
  'network.not_found': row(404, () => 'Network not found', 'No managed network has this name, and for reading no link of the host either.'),
  'network.exists': row<{ name: string }>(
    409,
    ({ name }) => `Network "${name}" already exists`,
    'A network or a network interface of the host has this name.',
  ),
  'network.in_use': row(400, () => 'The network is currently in use', 'Take it out of the profiles and instances that name it (used_by).'),
  'network.unavailable': row<{ name: string }>(
    503,
    ({ name }) => `Network "${name}" unavailable on this server`,
    'The network could not be brought up when the daemon started; its log says why. It is tried again when an instance needs it and when it is changed.',
  ),
  'network.no_subnet': row(
    500,
    () => 'Failed to automatically find an unused IPv4 subnet, manual configuration required',
    'Set ipv4.address.',
  ),
  'network.failed': row<{ name: string; stage: string; reason: string }>(
    500,
    ({ name, stage, reason }) => `Failed to set up network "${name}": ${stage}: ${reason}`,
    'A part of the network (bridge, address, dnsmasq) could not be set up; the text names it.',
  ),
  'firewall.failed': row<{ reason: string }>(
    500,
    ({ reason }) => `The firewall did not take the rules: ${reason}`,
    'nft failed. A newer nft than the installed one may have written tables it cannot read; instances work, without NAT or with the rules from before.',
  ),
} as const;
