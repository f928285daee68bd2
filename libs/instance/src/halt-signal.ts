import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { StringMap } from '#lib/base';

/** Set by an image that knows its init better: `SIGPWR`, `SIGRTMIN+3`, ... */
const imageChoice = 'image.lxctl.halt_signal';

/** SIGRTMIN + 3 asks systemd to halt (systemd(1), SIGNALS); 34 is the first real-time signal glibc leaves to programs. */
const SIGRTMIN_PLUS_3 = 37;

export interface HaltSignal {
  signal: number;
  /** false: init ignores it so far, because it has only just begun; the kernel forgets such a signal (pid_namespaces(7)). */
  heeded: boolean;
}

/**
 * The signal that makes an init shut the system down, from what it blocks or catches (proc(5), SigBlk and SigCgt): an
 * init in a pid namespace does not get a signal it has no handler for. systemd blocks its signals and reads them from a
 * signalfd; sysvinit and OpenRC catch SIGPWR; busybox powers off on SIGUSR2. An image may name the signal itself.
 */
export async function haltSignal(pid: number, config: StringMap = {}): Promise<HaltSignal> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mask = bits(status, 'SigBlk') | bits(status, 'SigCgt');
  const heeds = (signal: number) => (mask & (1n << BigInt(signal - 1))) !== 0n;
  const chosen = signalNumber(config[imageChoice] ?? '');
  if (chosen !== null) return { signal: chosen, heeded: heeds(chosen) || chosen === constants.signals.SIGKILL };
  const signal = [SIGRTMIN_PLUS_3, constants.signals.SIGPWR, constants.signals.SIGUSR2].find(heeds);
  return { signal: signal ?? constants.signals.SIGPWR, heeded: signal !== undefined };
}

function bits(status: string, field: string): bigint {
  const found = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status);
  return found ? BigInt(`0x${found[1]}`) : 0n;
}

function signalNumber(name: string): number | null {
  if (name === 'SIGRTMIN+3') return SIGRTMIN_PLUS_3;
  return Object.hasOwn(constants.signals, name) ? constants.signals[name as NodeJS.Signals] : null;
}
