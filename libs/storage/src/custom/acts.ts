import type { JsonObject } from '#lib/base';
import { isLxError, type LifecycleAction, LxError, urls } from '#lib/contract';
import type { Engine, Operation, OperationSpec, Requestor } from '#lib/engine';
import type { InstanceRow, PoolRow, Store, VolumeRow } from '#lib/store';
import type { HeldUsers, NamedVolume } from './users.ts';

export interface VolumeActsParts {
  store: Store;
  engine: Engine;
  /** The lock under which an instance changes. */
  lockOf: (instance: Pick<InstanceRow, 'project' | 'name'>) => string;
}

/** What is told when an operation has ended well. */
export interface Told {
  action: LifecycleAction;
  /** Name of the volume's snapshot that it is about. */
  snapshot?: string;
  /** The same of a backup. */
  backup?: string;
  context?: Record<string, unknown>;
}

/** How an operation is begun. */
export interface VolumeBegin {
  /** Whose locks it holds, too. */
  users?: HeldUsers;
  /** Name of the backup that it makes. */
  backup?: string;
  mayCancel?: boolean;
}

/** Finds custom volumes, and begins operations on them. */
export class VolumeActs {
  readonly #parts: VolumeActsParts;

  constructor(parts: VolumeActsParts) {
    this.#parts = parts;
  }

  /** LxError 'pool.not_found', 'volume.not_found'. */
  async get(volume: NamedVolume): Promise<VolumeRow> {
    const row = await this.getAny(volume);
    if (row.parentId !== null) throw new LxError('volume.not_found');
    return row;
  }

  /** A volume, or with a name like `volume/snapshot` a snapshot of one. */
  async getAny({ pool, project, name }: NamedVolume): Promise<VolumeRow> {
    const row = await this.#parts.store.volumes.get((await this.pool(pool)).id, project, 'custom', name);
    if (row === null) throw new LxError('volume.not_found');
    return row;
  }

  /** The pool in which nothing has this name yet. */
  async room({ pool, project, name }: NamedVolume): Promise<PoolRow> {
    const row = await this.pool(pool);
    if (await this.#parts.store.volumes.get(row.id, project, 'custom', name)) throw new LxError('volume.exists');
    return row;
  }

  async pool(name: string): Promise<PoolRow> {
    const row = await this.#parts.store.pools.get(name);
    if (row === null) throw new LxError('pool.not_found');
    return row;
  }

  /** `volumes`: whose locks it holds, beside those of the users; the first is told of. LxError 'volume.busy'. */
  async begin<P extends JsonObject>(
    spec: OperationSpec<P, Record<string, never>>,
    params: P,
    volumes: readonly [NamedVolume, ...NamedVolume[]],
    told: Told,
    requestor?: Requestor,
    { users, backup, mayCancel }: VolumeBegin = {},
  ): Promise<Operation> {
    const { engine, lockOf } = this.#parts;
    const own = volumes.map(({ pool, project, name }) => `volume:${pool}/${project}/${name}`);
    const locks = [...own, ...(users?.instances ?? []).map(lockOf)];
    const [{ pool, project, name }] = volumes;
    const resources = {
      storage_volumes: [urls.volume(pool, 'custom', name, project)],
      ...(backup !== undefined && { backups: [urls.operationBackup(backup, project)] }),
    };
    const operation = await engine
      .start(spec, params, { project, resources, locks, ...(mayCancel !== undefined && { mayCancel }), ...(requestor && { requestor }) })
      .catch((error: unknown) => {
        throw isLxError(error, 'instance.busy') ? new LxError('volume.busy', error.args, { cause: error }) : error;
      });
    void operation.done.then((view) => {
      if (view.status_code === 200) this.tell(volumes[0], told, requestor);
    });
    return operation;
  }

  tell({ pool, project, name }: NamedVolume, { action, context, ...part }: Told, requestor?: Requestor): void {
    const source = sourceOf({ pool, project, name }, part);
    this.#parts.engine.events.lifecycle(project, { action, source, ...(context && { context }), ...(requestor && { requestor }) });
  }
}

function sourceOf({ pool, project, name }: NamedVolume, { snapshot, backup }: Pick<Told, 'snapshot' | 'backup'>): string {
  if (snapshot !== undefined) return urls.volumeSnapshot(pool, 'custom', name, snapshot, project);
  return backup === undefined ? urls.volume(pool, 'custom', name, project) : urls.volumeBackup(pool, 'custom', name, backup, project);
}
