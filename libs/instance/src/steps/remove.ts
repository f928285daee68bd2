import { LxError } from '#lib/contract';
import type { Cgroups } from '#lib/host';
import type { Storage } from '#lib/storage';
import type { InstanceRow, Store } from '#lib/store';
import type { Expansion } from '#lib/profile';
import type { LogFiles } from '../log-files.ts';
import { type RootVolumeOf, rootVolume } from '../root-volume.ts';

export type RemoveParams = { id: string; project: string; name: string; volume: RootVolumeOf };
export type RemoveState = { poolId: string };

interface Using {
  store: Store;
  storage: Storage;
  cgroups: Cgroups;
  logFiles: LogFiles;
  expansion: Expansion;
}

/** Takes away all of an instance that is down: its root and logs first, its rows (and with them the name) last. */
export class Removal {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  async paramsOf(row: InstanceRow): Promise<RemoveParams> {
    const { devices } = await this.#using.expansion.of(row);
    return { id: row.id, project: row.project, name: row.name, volume: rootVolume(row, devices) };
  }

  /** For a step's `do`. LxError 'instance.not_found' when the name is another's by now: root and logs go by name. */
  async files(params: RemoveParams, state: Partial<RemoveState>): Promise<void> {
    const { store, storage, cgroups, logFiles } = this.#using;
    const row = await store.instances.byId(params.id);
    if (row?.project !== params.project || row.name !== params.name) throw new LxError('instance.not_found');
    state.poolId = await poolOf(storage, params.volume);
    await Promise.all([storage.deleteRoot(params.volume), logFiles.remove(params), cgroups.sweep(params.id)]);
  }

  /** For its `commit`. */
  async rows({ id, volume }: RemoveParams, state: Partial<RemoveState>, writes: Store): Promise<void> {
    if (!(await writes.instances.byId(id))) return;
    await deleteVolumeRow(writes, state.poolId ?? '', volume);
    await writes.instances.delete(id);
  }
}

/** Id of the volume's pool; to be asked for outside of transactions. */
export async function poolOf(storage: Storage, volume: RootVolumeOf): Promise<string> {
  return (await storage.pool(volume.pool)).id;
}

export async function deleteVolumeRow(writes: Store, poolId: string, volume: RootVolumeOf): Promise<void> {
  const row = await writes.volumes.get(poolId, volume.project, 'container', volume.instance);
  if (row) await writes.volumes.delete(row.id);
}
