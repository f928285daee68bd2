import { LxError } from '#lib/contract';
import type { Cgroups, Keeper } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import { haltSignal } from '../halt-signal.ts';
import type { Supervision } from '../supervision.ts';

export interface ShutdownUsing {
  supervision: Supervision;
  cgroups: Cgroups;
}

type Halted = Pick<InstanceRow, 'id' | 'config'>;

/** How long an instance that cannot be asked any more may take to be gone, in seconds. */
const LAST_MOMENTS = 5;
/** First pause before an init that has only just begun is asked again, in seconds; then twice as long each time. */
const FIRST_PAUSE = 0.02;

/** Asks init to power off and waits for the end. Rejects with 'instance.stop_timeout'; then the guest goes on. */
export async function shutDown(using: ShutdownUsing, row: Halted, timeout: number, signal: AbortSignal): Promise<void> {
  const keeper = using.supervision.get(row.id);
  if (!keeper) return;
  const forget = using.supervision.expectEnd(row.id);
  const deadline = timeout < 0 ? Infinity : performance.now() / 1000 + timeout;
  const left = () => Math.max(0, deadline - performance.now() / 1000);
  try {
    const ended = using.supervision.settled(row.id);
    for (let pause = FIRST_PAUSE; ; pause *= 2) {
      const { initPid } = keeper.info;
      const heeded = await ask(using, row, keeper).catch(async (cause: unknown) => {
        // What cannot be asked is as a rule about to end by itself: its process, its control group or its keeper was gone.
        if (await endsWithin(ended, Math.min(left(), LAST_MOMENTS), signal)) return true;
        if (keeper.info.initPid !== initPid) return false; // it was about to reboot
        throw cause;
      });
      if (await endsWithin(ended, heeded ? left() : Math.min(left(), pause), signal)) return;
      if (left() === 0 || heeded || signal.aborted) throw new LxError('instance.stop_timeout', { seconds: timeout });
    }
  } finally {
    forget();
  }
}

async function ask(using: ShutdownUsing, { id, config }: Halted, keeper: Keeper): Promise<boolean> {
  await using.cgroups.unfreeze(id);
  const halt = await haltSignal(keeper.info.initPid, config);
  await keeper.signal(halt.signal);
  return halt.heeded;
}

/** `seconds` may be Infinity. */
async function endsWithin(end: Promise<unknown>, seconds: number, signal: AbortSignal): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  const given = new Promise<false>((resolve) => {
    if (seconds !== Infinity) timer = setTimeout(() => resolve(false), seconds * 1000);
    aborted = () => resolve(false);
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
  });
  try {
    return await Promise.race([end.then(() => true), given]);
  } finally {
    clearTimeout(timer);
    if (aborted) signal.removeEventListener('abort', aborted);
  }
}
