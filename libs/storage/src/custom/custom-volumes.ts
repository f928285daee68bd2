import { randomUUID } from 'node:crypto';
import type { Arrivals } from '#lib/archive';
import { formatBytes, type JsonObject, type StringMap } from '#lib/base';
import { customVolumeKeys, LxError, readKey, refuse, volumeConfigProblems, withoutEmpty } from '#lib/contract';
import type { Operation, OperationSpec, Requestor, Sweep } from '#lib/engine';
import type { Confinement } from '#lib/host';
import type { Store, VolumeRow } from '#lib/store';
import { VolumeActs, type VolumeActsParts } from './acts.ts';
import { VolumeBackups, volumeBackupFiles } from './backup/volume-backups.ts';
import { type CustomPlaces, sizeOf } from './custom-places.ts';
import { volumeNameProblems } from './names.ts';
import { type VolumeOperations, volumeOperations } from './operations.ts';
import { type SnapshotCopy, snapshotOf } from './snapshot-operations.ts';
import { attachedTo, type NamedVolume, userUrls, usersAtRest, usersOf } from './users.ts';
import { VolumeSnapshots } from './volume-snapshots.ts';
import { volumeSweeps } from './volume-sweeps.ts';

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

export interface CustomVolumesParts extends VolumeActsParts {
  places: CustomPlaces;
  /** Holds the backups of each volume, in a directory of its id. */
  backupsDir: string;
  arrivals: Arrivals;
  /** Runs the programs that read and write archives. */
  confinement: Confinement;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** How the ids of a volume show; fixed while it is mounted. */
const shifting = ['security.shifted', 'security.unmapped'] as const;

/** Custom volumes: their verbs, each with its checks. Every verb that touches data is an operation under the volume's lock. */
export class CustomVolumes {
  readonly operations: VolumeOperations;
  readonly snapshots: VolumeSnapshots;
  readonly backups: VolumeBackups;
  /** To be looked for as each minute begins. */
  readonly sweeps: readonly Sweep[];
  readonly #store: Store;
  readonly #acts: VolumeActs;
  readonly #places: CustomPlaces;

  constructor({ places, now, report, backupsDir, arrivals, confinement, ...parts }: CustomVolumesParts) {
    const { store, engine } = parts;
    this.#store = store;
    this.#acts = new VolumeActs(parts);
    this.#places = places;
    const backupFiles = volumeBackupFiles(backupsDir);
    const using = { store, places, backupFiles, arrivals, confinement, now, report };
    this.operations = volumeOperations(using);
    const { operations } = this;
    this.snapshots = new VolumeSnapshots({ store, acts: this.#acts, operations, now });
    this.backups = new VolumeBackups({ ...using, acts: this.#acts, operations });
    this.sweeps = volumeSweeps(this, { store, now, report });
    for (const operation of Object.values(operations)) engine.register(operation as unknown as OperationSpec<JsonObject, JsonObject>);
  }

  /** LxError 'pool.not_found', 'volume.not_found'. */
  get(volume: Named): Promise<VolumeRow> {
    return this.#acts.get(volume);
  }

  /** URLs of the instances and profiles with a device that is the volume. */
  async usedBy(volume: Pick<VolumeRow, 'id'>): Promise<string[]> {
    return userUrls(await usersOf(this.#store, volume.id));
  }

  /** Bytes that it takes, and that it may take; `total` 0: any number. */
  async usage(volume: Named): Promise<{ used: number; total: number }> {
    const row = await this.get(volume);
    return { used: await this.#places.usage(row), total: sizeOf(row.config) ?? 0 };
  }

  async create(wanted: NewVolume, requestor?: Requestor): Promise<Operation> {
    const { id: poolId } = await this.#acts.room(wanted);
    const { pool, project, name, description, config = {} } = wanted;
    refuse([...volumeNameProblems(name), ...volumeConfigProblems(project, name, config)]);
    refuse(await this.#places.problems(poolId, config));
    const own = { id: randomUUID(), poolId, project, name, description, config: withoutEmpty(config), createdAt: null };
    const params = { ...own, from: null, snapshots: [] };
    return this.#acts.begin(this.operations.create, params, [{ pool, project, name }], { action: 'storage-volume-created' }, requestor);
  }

  /** Of a volume, with its snapshots unless `alone`, or of one snapshot; with its description and config, unless others are given. */
  async copy(wanted: NewVolume, of: Named, alone: boolean, requestor?: Requestor): Promise<Operation> {
    const { id: poolId } = await this.#acts.room(wanted);
    const source = await this.#acts.getAny(of);
    const { pool, project, name } = wanted;
    const config = wanted.config ?? source.config;
    refuse([...volumeNameProblems(name), ...volumeConfigProblems(project, name, config)]);
    refuse(await this.#places.problems(poolId, config));
    const description = wanted.description || source.description;
    const from = { poolId: source.poolId, id: source.id };
    const snapshots = alone ? [] : (await this.#store.volumes.snapshots(source.id)).map(copied);
    const own = { id: randomUUID(), poolId, project, name, description, config: withoutEmpty(config), createdAt: null };
    const params = { ...own, from, snapshots };
    const [held = ''] = of.name.split('/');
    const volumes = [
      { pool, project, name },
      { ...of, name: held },
    ] as const;
    return this.#acts.begin(this.operations.copy, params, volumes, { action: 'storage-volume-created' }, requestor);
  }

  /** `change` sees the volume as it is while nobody else can change it. */
  async update(volume: Named, wanted: (before: VolumeRow) => VolumeChange, requestor?: Requestor): Promise<void> {
    const { id, poolId } = await this.get(volume);
    const resized = await this.#store.tx(async (writes) => {
      const row = await writes.volumes.lock(id);
      if (row === null) throw new LxError('volume.not_found');
      const { config, description } = wanted(row);
      if (config) {
        refuse(volumeConfigProblems(row.project, row.name, config));
        const shifts = shifting.some((key) => readKey(customVolumeKeys, row.config, key) !== readKey(customVolumeKeys, config, key));
        if (shifts && (await attachedTo(writes, volume)).length > 0) throw new LxError('volume.shifting_running');
        await this.#refuseSize(row, config);
      }
      await writes.volumes.update(id, {
        ...(description !== undefined && { description }),
        ...(config && { config: withoutEmpty(config) }),
      });
      return config && sizeOf(config) !== sizeOf(row.config) ? config : null;
    });
    // When this is cut short, the size is in force when the volume is used next.
    if (resized) await this.#places.bound({ poolId, id }, resized);
    this.#acts.tell(volume, { action: 'storage-volume-updated' }, requestor);
  }

  async #refuseSize(row: VolumeRow, config: StringMap): Promise<void> {
    const size = sizeOf(config);
    if (size === null || size === sizeOf(row.config)) return;
    refuse(await this.#places.problems(row.poolId, config));
    const used = await this.#places.usage(row);
    refuse(size < used ? [`The volume holds ${formatBytes(used)} already, which is more than the new "size"`] : []);
  }

  async rename(volume: Named, newName: string, requestor?: Requestor): Promise<Operation> {
    refuse(volumeNameProblems(newName));
    const { id, poolId } = await this.get(volume);
    const renamed = { ...volume, name: newName };
    await this.#acts.room(renamed);
    const { pool, project, name } = volume;
    const users = await usersAtRest(this.#store, id, volume);
    const params = { id, poolId, project, name, newName, pool, users: users.ids };
    const told = { action: 'storage-volume-renamed', context: { old_name: name } } as const;
    return this.#acts.begin(this.operations.rename, params, [renamed, volume], told, requestor, { users });
  }

  /** To another pool, under the same or another name. */
  async move(volume: Named, to: Pick<Named, 'pool' | 'name'>, requestor?: Requestor): Promise<Operation> {
    refuse(volumeNameProblems(to.name));
    const { id, poolId, config } = await this.get(volume);
    const moved = { project: volume.project, ...to };
    const { id: toPoolId } = await this.#acts.room(moved);
    refuse(await this.#places.problems(toPoolId, config));
    const { pool, project, name } = volume;
    const users = await usersAtRest(this.#store, id, volume);
    const snapshots = await this.#snapshotIds(id);
    const params = { id, poolId, project, name, newName: to.name, toPoolId, pool, toPool: to.pool, users: users.ids, snapshots };
    const told = { action: 'storage-volume-renamed', context: { old_name: name } } as const;
    return this.#acts.begin(this.operations.move, params, [moved, volume], told, requestor, { users });
  }

  async delete(volume: Named, requestor?: Requestor): Promise<Operation> {
    const { id, poolId } = await this.get(volume);
    const { project, name } = volume;
    if ((await this.usedBy({ id })).length > 0 || (await attachedTo(this.#store, volume)).length > 0) throw new LxError('volume.in_use');
    const params = { id, poolId, project, name, snapshots: await this.#snapshotIds(id) };
    return this.#acts.begin(this.operations.delete, params, [volume], { action: 'storage-volume-deleted' }, requestor);
  }

  async #snapshotIds(volumeId: string): Promise<string[]> {
    return (await this.#store.volumes.snapshots(volumeId)).map(({ id }) => id);
  }
}

/** A snapshot as it comes with the copy of its volume: one of its own, and otherwise the same. */
function copied(row: VolumeRow): SnapshotCopy {
  const { id, poolId, description, config, createdAt, expiresAt } = row;
  const times = { createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
  return { id: randomUUID(), name: snapshotOf(row), description, config, ...times, from: { poolId, id } };
}
