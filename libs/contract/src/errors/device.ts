import { row } from './catalogue.ts';

/** Errors about devices. */
export const deviceErrors = {
  'device.taken': row<{ device: string; what: string; value: string }>(
    400,
    ({ device, what, value }) => `Device validation failed for "${device}": ${what} "${value}" already defined on another NIC`,
    'Another network card on the same network or interface has this address, or this name on the host.',
  ),
} as const;
