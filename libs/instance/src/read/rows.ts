import { LxError } from '#lib/contract';
import type { InstanceRow, Store } from '#lib/store';

/** The row as it is now. LxError 'instance.not_found'. */
export async function knownRow(store: Store, id: string): Promise<InstanceRow> {
  const row = await store.instances.byId(id);
  if (!row) throw new LxError('instance.not_found');
  return row;
}
