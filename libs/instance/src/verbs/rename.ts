import { LxError, refuse } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Storage } from '#lib/storage';
import { type InstanceRow, RowConflict, type Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import type { Expansion } from '#lib/profile';
import type { LogFiles } from '../log-files.ts';
import { nameProblems } from '../name.ts';
import { type RootVolumeOf, rootVolume } from '../root-volume.ts';
import { poolOf } from '../steps/remove.ts';
import type { Supervision } from '../supervision.ts';

export type RenameParams = { id: string; project: string; name: string; newName: string; volume: RootVolumeOf };
type RenameState = { poolId: string };

interface Using {
  store: Store;
  expansion: Expansion;
  supervision: Supervision;
  storage: Storage;
  logFiles: LogFiles;
}

export class Rename {
  readonly operation: OperationSpec<RenameParams, RenameState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    this.operation = defineOperation({ kind: 'instance.rename', onCrash: 'unwind', steps: [moveStep(using)] });
  }

  async begin(row: InstanceRow, newName: string, requestor?: Requestor): Promise<Operation> {
    const { supervision, store, expansion } = this.#using;
    refuse(nameProblems(newName));
    if (supervision.get(row.id)) throw new LxError('instance.running');
    if (await store.instances.get(row.project, newName)) throw new LxError('instance.name_in_use', { name: newName });
    const volume = rootVolume(row, (await expansion.of(row)).devices);
    const renamed = { project: row.project, name: newName };
    return this.#acts.begin(
      this.operation,
      { id: row.id, project: row.project, name: row.name, newName, volume },
      {
        of: row,
        also: [renamed],
        requestor,
        announce: [{ action: 'instance-renamed', as: renamed, context: { old_name: row.name } }],
      },
    );
  }
}

function moveStep({ store, supervision, storage, logFiles }: Using): Step<RenameParams, RenameState> {
  const taken = async ({ id, project, newName }: RenameParams) => {
    const other = await store.instances.get(project, newName);
    return other !== null && other.id !== id;
  };
  return {
    name: 'move',
    async do({ params, state }) {
      const row = await store.instances.byId(params.id);
      if (row?.name !== params.name) throw new LxError('instance.not_found');
      if (supervision.get(params.id)) throw new LxError('instance.running');
      if (await taken(params)) throw new LxError('instance.exists', { name: params.newName });
      state.poolId = await poolOf(storage, params.volume);
      await storage.renameRoot(params.volume, params.newName);
      await logFiles.rename(params.project, params.name, params.newName);
    },
    async commit({ params, state }, writes) {
      const volume = await writes.volumes.get(state.poolId ?? '', params.project, 'container', params.name);
      try {
        await writes.instances.update(params.id, { name: params.newName });
        if (volume) await writes.volumes.update(volume.id, { name: params.newName });
      } catch (error) {
        if (error instanceof RowConflict) throw new LxError('instance.name_in_use', { name: params.newName }, { cause: error });
        throw error;
      }
    },
    async undo({ params }) {
      const row = await store.instances.byId(params.id);
      // Nothing has been moved where the row or the new name was another's: what lies there now is not ours.
      if (row?.name !== params.name || supervision.get(params.id) || (await taken(params))) return;
      await storage.renameRoot({ ...params.volume, instance: params.newName }, params.name);
      await logFiles.rename(params.project, params.newName, params.name);
    },
  };
}
