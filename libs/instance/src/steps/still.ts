import type { Cgroups } from '#lib/host';
import type { Still } from '#lib/storage';
import type { Supervision } from '../supervision.ts';

interface Using {
  supervision: Supervision;
  cgroups: Cgroups;
}

/** Whether an instance runs and is not frozen, to be journaled before it is held still: found frozen afterwards, that was us. */
export async function mustThaw({ supervision, cgroups }: Using, id: string): Promise<boolean> {
  return supervision.get(id) !== null && !(await cgroups.frozen(id));
}

/** Holds a running instance still for a cut, and no longer; null for one that does not run. */
export function stillOf({ supervision, cgroups }: Using, id: string, thaw: boolean): Still | null {
  if (supervision.get(id) === null) return null;
  return async (cut) => {
    if (!thaw) return cut();
    await cgroups.freeze(id);
    try {
      await cut();
    } finally {
      await cgroups.unfreeze(id);
    }
  };
}

/** Undoes a cut that was killed in between. */
export async function thawed({ supervision, cgroups }: Using, id: string, thaw: boolean | undefined): Promise<void> {
  if (thaw && supervision.get(id)) await cgroups.unfreeze(id);
}
