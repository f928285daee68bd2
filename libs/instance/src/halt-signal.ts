import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';

/** SIGRTMIN + 3 asks systemd to halt (systemd(1), SIGNALS); 34 is the first real-time signal glibc leaves to programs. */
const SIGRTMIN_PLUS_3 = 37;

/**
 * The signal that makes an init shut the system down, from what it blocks or catches (proc(5), SigBlk and SigCgt): an
 * init in a pid namespace does not get a signal it has no handler for. systemd blocks its signals and reads them from a
 * signalfd; sysvinit and OpenRC catch SIGPWR; busybox powers off on SIGUSR2.
 */
export async function haltSignal(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const heeded = mask(status, 'SigBlk') | mask(status, 'SigCgt');
  for (const candidate of [SIGRTMIN_PLUS_3, constants.signals.SIGPWR, constants.signals.SIGUSR2]) {
    if (heeded & (1n << BigInt(candidate - 1))) return candidate;
  }
  return constants.signals.SIGPWR;
}

function mask(status: string, field: string): bigint {
  const found = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status);
  return found ? BigInt(`0x${found[1]}`) : 0n;
}
