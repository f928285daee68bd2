import { randomUUID } from 'node:crypto';
import { LxError, refuse } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Storage } from '#lib/storage';
import { type InstanceRow, RowConflict, type Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import type { LogFiles } from '../log-files.ts';
import { nameProblems } from '../name.ts';
import type { Supervision } from '../supervision.ts';
import { instanceIdKey, templateKey } from '../volatile.ts';

export type RenameParams = { id: string; project: string; name: string; newName: string; instanceId: string };
/** `templates`: the event whose templates the next start applies. */
type RenameState = { templates: string };
type RenameStep = Step<RenameParams, RenameState>;

interface Using {
  store: Store;
  supervision: Supervision;
  storage: Storage;
  logFiles: LogFiles;
  report: (message: string, cause: unknown) => void;
}

/** Root and logs are kept by id, so a name is a row and the links by which people find them. */
export class Rename {
  readonly operation: OperationSpec<RenameParams, RenameState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    this.operation = defineOperation({ kind: 'instance.rename', onCrash: 'resume', steps: [rowStep(using), linkStep(using)] });
  }

  async begin(row: InstanceRow, newName: string, requestor?: Requestor): Promise<Operation> {
    const { supervision, store } = this.#using;
    refuse(nameProblems(newName));
    if (supervision.get(row.id)) throw new LxError('instance.rename_running');
    if (await store.instances.get(row.project, newName)) throw new LxError('instance.name_in_use', { name: newName });
    const renamed = { project: row.project, name: newName };
    return this.#acts.begin(
      this.operation,
      { id: row.id, project: row.project, name: row.name, newName, instanceId: randomUUID() },
      {
        of: row,
        also: [renamed],
        requestor,
        announce: [{ action: 'instance-renamed', as: renamed, context: { old_name: row.name } }],
      },
    );
  }
}

function rowStep({ store, supervision, storage }: Using): RenameStep {
  return {
    name: 'rename',
    async do({ params, state }) {
      const row = await store.instances.byId(params.id);
      if (row?.name !== params.name) throw new LxError('instance.not_found');
      // Those of its making, when it has never run, are not lost for those of the rename.
      state.templates = row.volatile[templateKey] ?? 'rename';
      if (supervision.get(params.id)) throw new LxError('instance.running');
      if (await store.instances.get(params.project, params.newName)) throw new LxError('instance.exists', { name: params.newName });
    },
    async commit({ params, state }, writes) {
      try {
        const volatile = { [templateKey]: state.templates ?? 'rename', [instanceIdKey]: params.instanceId };
        await writes.instances.update(params.id, { name: params.newName }, volatile);
      } catch (error) {
        if (error instanceof RowConflict) throw new LxError('instance.name_in_use', { name: params.newName }, { cause: error });
        throw error;
      }
      await storage.roots.rename(writes, params.id, params.newName);
    },
  };
}

/** The instance has its name by now: a link that cannot be made is put in order by the next start. */
function linkStep({ storage, logFiles, report }: Using): RenameStep {
  return {
    name: 'link',
    async do({ params }) {
      const named = { id: params.id, project: params.project, name: params.newName };
      const links = [storage.roots.link(named, params.name), logFiles.link(named, params.name)];
      for (const outcome of await Promise.allSettled(links))
        if (outcome.status === 'rejected') report(`links of ${params.newName}`, outcome.reason);
    },
  };
}
