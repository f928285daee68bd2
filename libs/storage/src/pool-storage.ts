import { randomUUID } from 'node:crypto';
import { rename, statfs, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { StringMap } from '#lib/base';
import { LxError, refuse } from '#lib/contract';
import { type New, type PoolRow, RowConflict, type Store, type VolumeRow } from '#lib/store';
import type { StorageDriver } from './driver.ts';
import { exists, makeDirectory } from './exists.ts';
import { imageRecords } from './image-records.ts';
import { imageLink, PoolLayout } from './layout.ts';
import { OpenPool } from './open-pool.ts';
import { poolConfigProblems, poolNameProblems } from './pool-names.ts';
import { choosePlace, clearPlace, defaultPlace } from './pool-place.ts';
import { poolReferences } from './pool-references.ts';
import { removeTree } from './remove-tree.ts';
import type { RootRecipe, RootVolume, Storage } from './storage.ts';

export interface PoolStorageParts {
  /** Holds storage-pools/. */
  stateDir: string;
  store: Store;
  drivers: Readonly<Record<string, StorageDriver>>;
}

/** Pools on this host's file systems. */
export class PoolStorage implements Storage {
  readonly #stateDir: string;
  readonly #store: Store;
  readonly #drivers: Readonly<Record<string, StorageDriver>>;
  /** Driver and directory of a pool never change while it exists. */
  readonly #open = new Map<string, OpenPool>();

  constructor({ stateDir, store, drivers }: PoolStorageParts) {
    this.#stateDir = stateDir;
    this.#store = store;
    this.#drivers = drivers;
  }

  get drivers(): readonly { name: string; version: string; remote: boolean }[] {
    return Object.values(this.#drivers).map(({ info: { name, version, remote } }) => ({ name, version, remote }));
  }

  async prepare(): Promise<void> {
    for (const row of await this.#store.pools.list()) await this.available(row.name);
  }

  listPools(): Promise<PoolRow[]> {
    return this.#store.pools.list();
  }

  async pool(name: string): Promise<PoolRow> {
    const row = await this.#store.pools.get(name);
    if (row === null) throw new LxError('pool.not_found');
    return row;
  }

  async available(name: string): Promise<boolean> {
    return this.#usable(name).then(
      () => true,
      () => false,
    );
  }

  async createPool(request: { name: string; driver: string; description: string; config: StringMap }): Promise<PoolRow> {
    const driver = this.#driver(request.driver);
    refuse([
      ...poolNameProblems(request.name),
      ...poolConfigProblems(request.driver, request.config),
      ...Object.keys(request.config)
        .filter((key) => key.startsWith('volatile.'))
        .map((key) => `Unknown configuration key: ${key}`),
    ]);
    const pools = await this.#store.pools.list();
    if (pools.some((pool) => pool.name === request.name)) throw new LxError('pool.exists');
    const place = await choosePlace(this.#stateDir, request.name, request.config.source, pools);
    const config: StringMap = { ...withoutEmpty(request.config), source: place };
    if (request.config.source) config['volatile.initial_source'] = request.config.source;
    const row: PoolRow = { id: randomUUID(), name: request.name, driver: request.driver, description: request.description, config };
    const opened = this.#opened(row);
    try {
      await driver.pool.probe(place);
      await opened.prepare();
      return await this.#store.pools.insert(row);
    } catch (problem) {
      this.#open.delete(row.name);
      // Another request may have made the same pool meanwhile: then the directories are its.
      if (problem instanceof RowConflict) throw new LxError('pool.exists', undefined, { cause: problem });
      await clearPlace(opened.layout, place === defaultPlace(this.#stateDir, request.name));
      throw problem;
    }
  }

  async updatePool(name: string, change: { description?: string; config?: StringMap }): Promise<void> {
    const row = await this.pool(name);
    const next: Partial<PoolRow> = {};
    if (change.description !== undefined) next.description = change.description;
    if (change.config !== undefined) {
      const config = withoutEmpty(change.config);
      // What the server set at creation stays when a client leaves it out.
      for (const key of ['source', 'volatile.initial_source']) if (row.config[key] !== undefined) config[key] ??= row.config[key];
      const fixed = ['source', 'volatile.initial_source'].filter((key) => (config[key] ?? '') !== (row.config[key] ?? ''));
      refuse([...poolConfigProblems(row.driver, config), ...fixed.map((key) => `The "${key}" property cannot be changed`)]);
      next.config = config;
    }
    await this.#store.pools.update(row.id, next);
  }

  async deletePool(name: string): Promise<void> {
    const row = await this.pool(name);
    if ((await poolReferences(this.#store, row)).some((url) => !url.startsWith('/1.0/images/'))) throw new LxError('pool.in_use');
    await this.#store.tx(async (store) => {
      if (!(await store.pools.lock(name))) throw new LxError('pool.not_found');
      // Trees of images go with the pool; any other volume holds it.
      for (const volume of await store.volumes.list(row.id)) if (volume.type === 'image') await store.volumes.delete(volume.id);
      await store.pools.delete(row.id).catch((error: unknown) => {
        throw error instanceof RowConflict ? new LxError('pool.in_use', undefined, { cause: error }) : error;
      });
    });
    this.#open.delete(name);
    const place = row.config.source ?? defaultPlace(this.#stateDir, name);
    await clearPlace(new PoolLayout(place), place === defaultPlace(this.#stateDir, name));
  }

  async usedBy(name: string): Promise<string[]> {
    return poolReferences(this.#store, await this.pool(name));
  }

  async poolResources(name: string): Promise<{ space: { used: number; total: number }; inodes: { used: number; total: number } }> {
    const { layout } = await this.#pool(name);
    const { blocks, bfree, bsize, files, ffree } = await statfs(layout.directory);
    return { space: { used: (blocks - bfree) * bsize, total: blocks * bsize }, inodes: { used: files - ffree, total: files } };
  }

  async volumes(pool: string, project: string): Promise<VolumeRow[]> {
    const rows = await this.#store.volumes.list((await this.pool(pool)).id);
    return rows.filter((row) => row.project === project || row.type === 'image');
  }

  async volumeRow(volume: RootVolume, image: string | null): Promise<New<VolumeRow, 'id' | 'createdAt'>> {
    const { row } = await this.#pool(volume.pool);
    return {
      poolId: row.id,
      project: volume.project,
      name: volume.instance,
      type: 'container',
      contentType: 'filesystem',
      description: '',
      config: image === null ? {} : { 'volatile.image': image },
    };
  }

  async ensureImage(pool: string, fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void> {
    const { trees } = await this.#usable(pool);
    await trees.ensure(fingerprint, unpack);
  }

  async dropImage(fingerprint: string): Promise<void> {
    for (const row of await this.#store.pools.list()) {
      const pool = this.#opened(row);
      // A pool that is away now finds its tree without a row when it is back.
      if (await this.available(row.name)) await pool.trees.drop(fingerprint);
      else await imageRecords(this.#store, row.id).remove(fingerprint);
    }
  }

  async createRoot(volume: RootVolume, image: string | null): Promise<void> {
    const { layout, driver, trees } = await this.#usable(volume.pool);
    const directory = layout.root(volume);
    if (image === null) {
      await makeDirectory(directory);
      return driver.roots.create(directory, null);
    }
    await trees.pinned(image, async () => {
      if (!trees.has(image)) throw new LxError('image.not_found');
      await makeDirectory(directory);
      if (driver.info.layered) await linkImage(directory, image);
      await driver.roots.create(directory, layout.image(image));
    });
  }

  async deleteRoot(volume: RootVolume): Promise<void> {
    const { layout, trees, driver } = await this.#usable(volume.pool);
    const directory = layout.root(volume);
    const image = driver.info.layered ? await trees.droppedImageOf(directory) : null;
    await removeTree(directory);
    if (image !== null) await trees.removeUnused(image);
  }

  async renameRoot(volume: RootVolume, newName: string): Promise<void> {
    const { layout } = await this.#usable(volume.pool);
    const target = layout.root({ project: volume.project, instance: newName });
    if (!(await exists(layout.root(volume))) && (await exists(target))) return;
    await rename(layout.root(volume), target);
  }

  async rootRecipe(volume: RootVolume, image: string | null): Promise<RootRecipe> {
    const { layout, driver } = await this.#pool(volume.pool);
    return driver.roots.recipe(layout.root(volume), image === null ? null : layout.image(image), layout.directory);
  }

  async rootUsage(volume: RootVolume): Promise<number | null> {
    const { layout, driver } = await this.#pool(volume.pool);
    return driver.roots.usage(layout.root(volume));
  }

  async rootDirectory(volume: RootVolume): Promise<string> {
    return (await this.#pool(volume.pool)).layout.root(volume);
  }

  async imageDirectory(pool: string, fingerprint: string): Promise<string> {
    return (await this.#pool(pool)).layout.image(fingerprint);
  }

  async #pool(name: string): Promise<OpenPool> {
    return this.#open.get(name) ?? this.#opened(await this.pool(name));
  }

  /** LxError 'pool.unusable' while the pool's directory is not there. */
  async #usable(name: string): Promise<OpenPool> {
    const pool = await this.#pool(name);
    if (!pool.ready) await pool.prepare();
    return pool;
  }

  /** LxError 'pool.unknown_driver'. A name like `constructor` must not find what every object has. */
  #driver(name: string): StorageDriver {
    const driver = Object.hasOwn(this.#drivers, name) ? this.#drivers[name] : undefined;
    if (!driver) throw new LxError('pool.unknown_driver', { driver: name, known: Object.keys(this.#drivers) });
    return driver;
  }

  #opened(row: PoolRow): OpenPool {
    const known = this.#open.get(row.name);
    if (known?.row.id === row.id) return known;
    const pool = new OpenPool(row, this.#driver(row.driver), imageRecords(this.#store, row.id));
    this.#open.set(row.name, pool);
    return pool;
  }
}

function withoutEmpty(config: StringMap): StringMap {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== ''));
}

async function linkImage(directory: string, image: string): Promise<void> {
  await symlink(join('..', '..', 'images', image), join(directory, imageLink)).catch((problem: NodeJS.ErrnoException) => {
    if (problem.code !== 'EEXIST') throw problem;
  });
}
