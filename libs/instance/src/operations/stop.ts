import { defineOperation, type OperationSpec, type Step } from '#lib/engine';
import { LxError } from '#lib/contract';
import type { InstanceRow } from '#lib/store';
import type { InstanceDeps } from '../deps.ts';
import { haltSignal } from '../halt-signal.ts';
import type { Runner, VolatileChange } from '../running.ts';

export type StopParams = {
  id: string;
  name: string;
  force: boolean;
  /** Seconds to wait for the guest's own shutdown; negative: for ever. */
  timeout: number;
  /** Delete an ephemeral instance afterwards: the caller does. */
  ephemeral: boolean;
};
export type StopState = { volatile: VolatileChange };

/** The step that ends an instance; restart has it too. Idempotent: an instance that is down stays so. */
export function stopStep<P extends { id: string; force: boolean; timeout: number }, S extends StopState>(
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
    },
    async commit({ params, state }, store) {
      await store.instances.update(params.id, { power: 'stopped' });
      await store.instances.mergeVolatile(params.id, state.volatile ?? {});
    },
  };
}

export function stopOperation(deps: InstanceDeps, runner: Runner): OperationSpec<StopParams, StopState> {
  return defineOperation<StopParams, StopState>({ kind: 'instance.stop', onCrash: 'resume', steps: [stopStep(deps, runner)] });
}

/** Asks init to power off and waits for the end. Rejects with 'instance.stop_timeout'; then the guest goes on. */
async function shutDown(deps: InstanceDeps, { id, config }: InstanceRow, timeout: number, signal: AbortSignal): Promise<void> {
  const keeper = deps.supervision.get(id);
  if (!keeper) return;
  const forget = deps.supervision.expectEnd(id);
  try {
    await deps.cgroups.unfreeze(id);
    await keeper.signal(await haltSignal(keeper.info.initPid, config));
    if (!(await endsWithin(deps.supervision.settled(id), timeout, signal)))
      throw new LxError('instance.stop_timeout', { seconds: timeout });
  } finally {
    forget();
  }
}

async function endsWithin(end: Promise<unknown>, seconds: number, signal: AbortSignal): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  const given = new Promise<false>((resolve) => {
    if (seconds >= 0) timer = setTimeout(() => resolve(false), seconds * 1000);
    aborted = () => resolve(false);
    signal.addEventListener('abort', aborted, { once: true });
  });
  try {
    return await Promise.race([end.then(() => true), given]);
  } finally {
    clearTimeout(timer);
    if (aborted) signal.removeEventListener('abort', aborted);
  }
}
