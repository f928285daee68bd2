import { allEnded } from '#lib/base';
import { LxError } from '#lib/contract';
import { rootDisk } from '#lib/device';
import type { RoomPlan } from '#lib/host';
import type { Expansion } from '#lib/profile';
import type { Storage } from '#lib/storage';
import type { Store } from '#lib/store';
import type { HostFacts } from '../host-facts.ts';
import type { IdAllocation } from '../ids/allocation.ts';
import { idWish } from '../ids/map.ts';
import { droppedCapabilities } from '../plan/capabilities.ts';
import type { Filters } from '../plan/filters.ts';

export interface RoomUsing {
  store: Store;
  storage: Storage;
  expansion: Expansion;
  ids: IdAllocation;
  filters: Filters;
  host: Pick<HostFacts, 'runDir'>;
}

/** The root of an instance as its next start would mount it, with the ids that it would have. LxError 'instance.not_found'. */
export async function roomPlan({ store, storage, expansion, ids, filters, host }: RoomUsing, id: string): Promise<RoomPlan> {
  const row = await store.instances.byId(id);
  if (!row) throw new LxError('instance.not_found');
  const { config, devices } = await expansion.of(row);
  const size = rootDisk(devices)?.size ?? null;
  const [{ layers, root }, own, seccomp] = await allEnded([
    storage.roots.recipe(row),
    ids.ofStart(row, idWish(config)),
    filters.of(config, size !== null),
    storage.roots.bound(row, size),
  ]);
  return {
    ...{ id, name: row.name, runDir: host.runDir, layers, root, seccomp },
    // Of the network nothing at all is there.
    namespaces: ['user', 'mount', 'net', 'ipc'],
    idMap: own.map,
    dropCapabilities: droppedCapabilities,
  };
}
