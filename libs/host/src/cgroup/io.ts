import type { IoLimit } from '../ports.ts';

/** The options of disks that these limits come from. */
export const ioKeys = ['limits.read', 'limits.write', 'limits.max'] as const;

type Rate = Exclude<keyof IoLimit, 'disk'>;

/** Of a rate: its file of blkio (v1) and its name in io.max (v2). */
const rates: readonly [rate: Rate, v1: string, v2: string][] = [
  ['readBytes', 'blkio.throttle.read_bps_device', 'rbps'],
  ['readOperations', 'blkio.throttle.read_iops_device', 'riops'],
  ['writeBytes', 'blkio.throttle.write_bps_device', 'wbps'],
  ['writeOperations', 'blkio.throttle.write_iops_device', 'wiops'],
];

/** The files that list the disks with limits, each on a line of its own that begins with its number. */
export const ioFiles = { v1: rates.map(([, file]) => file), v2: ['io.max'] } as const;

/** v1: a limit of 0 is none. */
export function ioV1(limit: IoLimit): [file: string, value: string][] {
  return rates.map(([rate, file]) => [file, `${limit.disk} ${limit[rate] ?? 0}`]);
}

export function ioV2(limit: IoLimit): [file: string, value: string][] {
  return [['io.max', `${limit.disk} ${rates.map(([rate, , name]) => `${name}=${limit[rate] ?? 'max'}`).join(' ')}`]];
}

/** The disks that such a file lists. */
export function disksIn(text: string): string[] {
  return text.split('\n').flatMap((line) => /^\d+:\d+/.exec(line)?.[0] ?? []);
}
