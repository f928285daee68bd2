import { row } from './catalogue.ts';

/** Errors about devices. */
export const deviceErrors = {
  'device.taken': row<{ device: string; what: string; value: string }>(
    400,
    ({ device, what, value }) => `Device validation failed for "${device}": ${what} "${value}" already defined on another NIC`,
    'Another network card on the same network or interface has this address, or this name on the host.',
  ),
  'device.no_parent': row<{ device: string; parent: string }>(
    400,
    ({ device, parent }) => `Failed to start device "${device}": Parent device "${parent}" doesn't exist`,
    'The host has no interface of the name that the network card is to be on or made of.',
  ),
  'device.not_started': row<{ device: string; reason: string }>(
    400,
    ({ device, reason }) => `Failed to start device "${device}": ${reason}`,
    'The device cannot be had: what it names on the host is missing or not of its kind, or the place inside is taken.',
  ),
  'device.not_stopped': row<{ device: string; reason: string }>(
    500,
    ({ device, reason }) => `Failed to stop device "${device}": ${reason}`,
    'The device could not be taken from the running instance. Stop the instance first.',
  ),
  'device.not_changed': row<{ device: string; reason: string }>(
    400,
    ({ device, reason }) => `Failed to change device "${device}": ${reason}`,
    'What can change of a device while its instance runs could not be put into force; it is as it was.',
  ),
} as const;
