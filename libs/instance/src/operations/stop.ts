import { defineOperation, type OperationSpec, type Step } from '#lib/engine';
import { LxError } from '#lib/contract';
import type { Keeper } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import type { InstanceDeps } from '../deps.ts';
import { haltSignal } from '../halt-signal.ts';
import type { Runner, VolatileChange } from '../running.ts';
import { type DeleteParams, removeFiles, removeRows } from './delete.ts';

export type StopParams = {
  id: string;
  name: string;
  force: boolean;
  /** Seconds to wait for the guest's own shutdown; negative: for ever. */
  timeout: number;
  /** An ephemeral instance goes with its end, within the same operation: who waited for the stop finds it gone. */
  remove: DeleteParams | null;
};
export type StopState = { volatile: VolatileChange; poolId: string };

/** The step that ends an instance; restart has it too. Idempotent: an instance that is down stays so. */
export function stopStep<P extends { id: string; force: boolean; timeout: number; remove?: DeleteParams | null }, S extends StopState>(
  deps: InstanceDeps,
  runner: Runner,
): Step<P, S> {
  return {
    name: 'stop',
    async do({ params, state, signal }) {
      const row = await deps.store.instances.byId(params.id);
      if (!row) throw new LxError('instance.not_found');
      if (!params.force) await shutDown(deps, row, params.timeout, signal);
      state.volatile = await runner.down(row);
      if (params.remove) state.poolId = await removeFiles(deps, params.remove);
    },
    async commit({ params, state }, store) {
      if (params.remove) return removeRows(store, params.remove, state.poolId ?? '');
      await store.instances.update(params.id, { power: 'stopped' });
      await store.instances.mergeVolatile(params.id, state.volatile ?? {});
    },
  };
}

export function stopOperation(deps: InstanceDeps, runner: Runner): OperationSpec<StopParams, StopState> {
  return defineOperation<StopParams, StopState>({ kind: 'instance.stop', onCrash: 'resume', steps: [stopStep(deps, runner)] });
}

/** How long an instance that cannot be asked any more may take to be gone, in seconds. */
const LAST_MOMENTS = 5;
/** First pause before an init that has only just begun is asked again, in seconds; then twice as long each time. */
const FIRST_PAUSE = 0.02;

/** Asks init to power off and waits for the end. Rejects with 'instance.stop_timeout'; then the guest goes on. */
async function shutDown(deps: InstanceDeps, row: InstanceRow, timeout: number, signal: AbortSignal): Promise<void> {
  const keeper = deps.supervision.get(row.id);
  if (!keeper) return;
  const forget = deps.supervision.expectEnd(row.id);
  const deadline = timeout < 0 ? Infinity : performance.now() / 1000 + timeout;
  const left = () => Math.max(0, deadline - performance.now() / 1000);
  try {
    const ended = deps.supervision.settled(row.id);
    for (let pause = FIRST_PAUSE; ; pause *= 2) {
      const { initPid } = keeper.info;
      const heeded = await ask(deps, row, keeper).catch(async (cause: unknown) => {
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

async function ask(deps: InstanceDeps, { id, config }: InstanceRow, keeper: Keeper): Promise<boolean> {
  await deps.cgroups.unfreeze(id);
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
