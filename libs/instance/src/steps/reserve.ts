import { allEnded } from '#lib/base';
import { LxError } from '#lib/contract';
import { claimRefused } from '#lib/device';
import type { InstanceRow, NicRow, ProfileRow, Store } from '#lib/store';
import type { IdAllocation, InstanceIds } from '../ids/allocation.ts';
import type { IdWish } from '../ids/map.ts';
import { rowsRefused } from '../references.ts';

/**
 * Writes the row of a new instance, and what `root` writes of its root: from here on the name is taken. `seen`: the profiles that
 * it was checked with. LxError 'instance.exists', and what is said of rows that refer to what is gone.
 */
export async function reserveRows(
  writes: Store,
  row: InstanceRow,
  { nics, seen }: { nics: NicRow[]; seen: ProfileRow[] | undefined },
  root: () => Promise<void>,
): Promise<void> {
  try {
    await allEnded([writes.instances.insert(row, seen, nics), root()]);
  } catch (error) {
    throw rowsRefused(claimRefused(error, nics), (cause) => new LxError('instance.exists', { name: row.name }, { cause }));
  }
}

/** The ids of an instance that has none yet. */
export async function newIds(
  ids: IdAllocation,
  { id, name, ids: wish }: { id: string; name: string; ids: IdWish },
): Promise<Pick<InstanceIds, 'row' | 'volatile'>> {
  const { row, volatile } = await ids.of({ id, name, idBase: null, idCount: null }, wish);
  return { row, volatile };
}
