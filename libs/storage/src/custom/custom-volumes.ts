import { randomUUID } from 'node:crypto';
import type { JsonObject, StringMap } from '#lib/base';
import {
  customVolumeKeys,
  isLxError,
  type LifecycleAction,
  LxError,
  readKey,
  refuse,
  urls,
  volumeConfigProblems,
  withoutEmpty,
} from '#lib/contract';
import type { Engine, Operation, OperationSpec, Requestor } from '#lib/engine';
import type { InstanceRow, PoolRow, Store, VolumeRow } from '#lib/store';
import type { CustomPlaces } from './custom-places.ts';
import { volumeNameProblems } from './names.ts';
import { attachedTo, type HeldUsers, type NamedVolume, userUrls, usersAtRest, usersOf } from './users.ts';
import { type VolumeOperations, volumeOperations } from './operations.ts';

export interface NewVolume {
  pool: string;
  project: string;
  name: string;
  description: string;
  /** Absent in a copy: that of the volume that is copied. */
  config: StringMap | undefined;
}

export type VolumeChange = Partial<Pick<VolumeRow, 'description' | 'config'>>;
type Named = NamedVolume;

export interface CustomVolumesParts {
  store: Store;
  engine: Engine;
  places: CustomPlaces;
  /** The lock under which an instance changes. */
  lockOf: (instance: Pick<InstanceRow, 'project' | 'name'>) => string;
  report: (message: string, cause: unknown) => void;
}

/** How the ids of a volume show; fixed while it is mounted. */
const shifting = ['security.shifted', 'security.unmapped'] as const;

/** Custom volumes: their verbs, each with its checks. Every verb that touches data is an operation under the volume's lock. */
export class CustomVolumes {
  readonly operations: VolumeOperations;
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #places: CustomPlaces;
  readonly #lockOf: CustomVolumesParts['lockOf'];

  constructor({ store, engine, places, lockOf, report }: CustomVolumesParts) {
    this.#store = store;
    this.#engine = engine;
    this.#places = places;
    this.#lockOf = lockOf;
    this.operations = volumeOperations({ store, places, report });
    const { create, copy, rename, move, delete: remove } = this.operations;
    engine.register(create);
    engine.register(copy);
    engine.register(rename);
    engine.register(move);
    engine.register(remove);
  }

  /** LxError 'pool.not_found', 'volume.not_found'. */
  async get({ pool, project, name }: Named): Promise<VolumeRow> {
    const row = await this.#store.volumes.get((await this.#pool(pool)).id, project, 'custom', name);
    if (row === null) throw new LxError('volume.not_found');
    return row;
  }

  /** URLs of the instances and profiles with a device that is the volume. */
  async usedBy(volume: Pick<VolumeRow, 'id'>): Promise<string[]> {
    return userUrls(await usersOf(this.#store, volume.id));
  }

  async usage(volume: Named): Promise<number> {
    return this.#places.usage(await this.get(volume));
  }

  async create(wanted: NewVolume, requestor?: Requestor): Promise<Operation> {
    const { id: poolId } = await this.#room(wanted);
    const { pool, project, name, description, config = {} } = wanted;
    refuse([...volumeNameProblems(name), ...volumeConfigProblems(project, name, config)]);
    const params = { id: randomUUID(), poolId, project, name, description, config: withoutEmpty(config), from: null };
    return this.#begin(this.operations.create, params, [{ pool, project, name }], 'storage-volume-created', requestor);
  }

  /** With description and config of the volume that is copied, unless others are given. */
  async copy(wanted: NewVolume, of: Named, requestor?: Requestor): Promise<Operation> {
    const { id: poolId } = await this.#room(wanted);
    const source = await this.get(of);
    const { pool, project, name } = wanted;
    const config = wanted.config ?? source.config;
    refuse([...volumeNameProblems(name), ...volumeConfigProblems(project, name, config)]);
    const description = wanted.description || source.description;
    const from = { poolId: source.poolId, id: source.id };
    const params = { id: randomUUID(), poolId, project, name, description, config: withoutEmpty(config), from };
    return this.#begin(this.operations.copy, params, [{ pool, project, name }, of], 'storage-volume-created', requestor);
  }

  /** `change` sees the volume as it is while nobody else can change it. */
  async update(volume: Named, wanted: (before: VolumeRow) => VolumeChange, requestor?: Requestor): Promise<void> {
    const { id } = await this.get(volume);
    await this.#store.tx(async (writes) => {
      const row = await writes.volumes.lock(id);
      if (row === null) throw new LxError('volume.not_found');
      const { config, description } = wanted(row);
      if (config) {
        refuse(volumeConfigProblems(row.project, row.name, config));
        const shifts = shifting.some((key) => readKey(customVolumeKeys, row.config, key) !== readKey(customVolumeKeys, config, key));
        if (shifts && (await attachedTo(writes, volume)).length > 0) throw new LxError('volume.shifting_running');
      }
      await writes.volumes.update(id, {
        ...(description !== undefined && { description }),
        ...(config && { config: withoutEmpty(config) }),
      });
    });
    const source = urls.volume(volume.pool, 'custom', volume.name, volume.project);
    this.#engine.events.lifecycle(volume.project, { action: 'storage-volume-updated', source, ...(requestor && { requestor }) });
  }

  async rename(volume: Named, newName: string, requestor?: Requestor): Promise<Operation> {
    refuse(volumeNameProblems(newName));
    const { id, poolId } = await this.get(volume);
    const renamed = { ...volume, name: newName };
    await this.#room(renamed);
    const { pool, project, name } = volume;
    const users = await usersAtRest(this.#store, id, volume);
    const params = { id, poolId, project, name, newName, pool, users: users.ids };
    const told = { context: { old_name: name }, users };
    return this.#begin(this.operations.rename, params, [renamed, volume], 'storage-volume-renamed', requestor, told);
  }

  /** To another pool, under the same or another name. */
  async move(volume: Named, to: Pick<Named, 'pool' | 'name'>, requestor?: Requestor): Promise<Operation> {
    refuse(volumeNameProblems(to.name));
    const { id, poolId } = await this.get(volume);
    const moved = { project: volume.project, ...to };
    const { id: toPoolId } = await this.#room(moved);
    const { pool, project, name } = volume;
    const users = await usersAtRest(this.#store, id, volume);
    const params = { id, poolId, project, name, newName: to.name, toPoolId, pool, toPool: to.pool, users: users.ids };
    const told = { context: { old_name: name }, users };
    return this.#begin(this.operations.move, params, [moved, volume], 'storage-volume-renamed', requestor, told);
  }

  async delete(volume: Named, requestor?: Requestor): Promise<Operation> {
    const { id, poolId } = await this.get(volume);
    const { project, name } = volume;
    if ((await this.usedBy({ id })).length > 0 || (await attachedTo(this.#store, volume)).length > 0) throw new LxError('volume.in_use');
    return this.#begin(this.operations.delete, { id, poolId, project, name }, [volume], 'storage-volume-deleted', requestor);
  }

  /** The pool in which nothing has this name yet. */
  async #room({ pool, project, name }: Named): Promise<PoolRow> {
    const row = await this.#pool(pool);
    if (await this.#store.volumes.get(row.id, project, 'custom', name)) throw new LxError('volume.exists');
    return row;
  }

  async #pool(name: string): Promise<PoolRow> {
    const row = await this.#store.pools.get(name);
    if (row === null) throw new LxError('pool.not_found');
    return row;
  }

  /** `volumes`: whose locks it holds, beside those of `users`; the first is told of. LxError 'volume.busy'. */
  async #begin<P extends JsonObject>(
    spec: OperationSpec<P, Record<string, never>>,
    params: P,
    volumes: readonly [Named, ...Named[]],
    action: LifecycleAction,
    requestor?: Requestor,
    { context, users }: { context?: Record<string, unknown>; users?: HeldUsers } = {},
  ): Promise<Operation> {
    const [{ project }] = volumes;
    const [url = ''] = volumes.map(({ pool, name }) => urls.volume(pool, 'custom', name, project));
    const own = volumes.map(({ pool, name }) => `volume:${pool}/${project}/${name}`);
    const locks = [...own, ...(users?.instances ?? []).map(this.#lockOf)];
    const options = { project, resources: { storage_volumes: [url] }, locks, ...(requestor && { requestor }) };
    const operation = await this.#engine.start(spec, params, options).catch((error: unknown) => {
      throw isLxError(error, 'instance.busy') ? new LxError('volume.busy', error.args, { cause: error }) : error;
    });
    void operation.done.then((view) => {
      if (view.status_code !== 200) return;
      this.#engine.events.lifecycle(project, { action, source: url, ...(context && { context }), ...(requestor && { requestor }) });
    });
    return operation;
  }
}
