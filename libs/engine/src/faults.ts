import type { JsonObject } from '#lib/base';
import type { OperationKind } from '#lib/contract';
import type { OperationSpec } from './operation-spec.ts';

/**
 * Where an operation can be cut off, a step:
 * - before: its begin is journaled, `do` has not run
 * - during: `do` has run, nothing of that is journaled
 * - after: it is journaled as finished
 * - undo: `undo` has run, nothing of that is journaled
 */
export type FaultPoint = 'before' | 'during' | 'after' | 'undo';

export interface Faults {
  /** Called at every point; the operation goes on when it resolves. */
  reach(kind: string, step: string, point: FaultPoint): void | Promise<void>;
  /** Whether the step has to fail after its `do`, so that the undo is reached at all. */
  mustFail(kind: string, step: string): boolean;
}

export const noFaults: Faults = { reach: () => {}, mustFail: () => false };

/**
 * For tests: LXCTL_FAULT="<kind>:<step>:<point>" makes the daemon SIGKILL itself at that point. For the point `undo` the
 * step is made to fail first. Without the variable nothing is injected.
 */
export function faultsFromEnvironment(wanted = process.env['LXCTL_FAULT']): Faults {
  if (!wanted) return noFaults;
  return {
    reach: (kind, step, point) => {
      if (`${kind}:${step}:${point}` !== wanted) return;
      process.kill(process.pid, 'SIGKILL');
      return new Promise<void>(() => {}); // SIGKILL needs a moment to arrive; nothing may happen in it
    },
    mustFail: (kind, step) => `${kind}:${step}:undo` === wanted,
  };
}

/** The values of LXCTL_FAULT for a live operation, which has no steps and no journal. */
export function liveFaultPoints(kind: OperationKind): string[] {
  return [`${kind}:run:before`, `${kind}:run:after`];
}

/** Every value of LXCTL_FAULT that means something to this operation. */
export function faultPoints<P extends JsonObject, S extends JsonObject>(spec: OperationSpec<P, S>): string[] {
  return spec.steps.flatMap((step) => {
    const points: FaultPoint[] = step.undo ? ['before', 'during', 'after', 'undo'] : ['before', 'during', 'after'];
    return points.map((point) => `${spec.kind}:${step.name}:${point}`);
  });
}
