import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import type { StringMap } from '#lib/base';
import { LxError, refuse } from '#lib/contract';
import { type PoolRow, RowConflict, type Store } from '#lib/store';
import type { OpenPools } from './open-pools.ts';
import { PoolLayout } from './layout.ts';
import { poolConfigProblems, poolNameProblems } from './pool-names.ts';
import { choosePlace, clearPlace, defaultPlace } from './pool-place.ts';
import { poolReferences } from './pool-references.ts';
import type { Pools } from './storage.ts';

/** Pools as rows, and their directories on this host's file systems. */
export class StoredPools implements Pools {
  readonly #stateDir: string;
  readonly #store: Store;
  readonly #open: OpenPools;

  constructor(stateDir: string, store: Store, open: OpenPools) {
    this.#stateDir = stateDir;
    this.#store = store;
    this.#open = open;
  }

  list(): Promise<PoolRow[]> {
    return this.#store.pools.list();
  }

  async get(name: string): Promise<PoolRow> {
    const row = await this.#store.pools.get(name);
    if (row === null) throw new LxError('pool.not_found');
    return row;
  }

  async available(name: string): Promise<boolean> {
    const prepared = this.#open.named(name).then((pool) => pool.prepare());
    return prepared.then(
      () => true,
      () => false,
    );
  }

  async create(request: { name: string; driver: string; description: string; config: StringMap }): Promise<PoolRow> {
    const driver = this.#open.driver(request.driver);
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
    const opened = this.#open.open(row);
    try {
      await driver.pool.probe(place);
      await opened.prepare();
      return await this.#store.pools.insert(row);
    } catch (error) {
      this.#open.forget(row);
      // Another request may have made the same pool meanwhile: then the directories are its.
      if (error instanceof RowConflict) throw new LxError('pool.exists', undefined, { cause: error });
      await clearPlace(opened.layout, place === defaultPlace(this.#stateDir, request.name));
      throw error;
    }
  }

  async update(name: string, wanted: (before: PoolRow) => { description?: string; config?: StringMap }): Promise<void> {
    await this.#store.tx(async (store) => {
      const row = await store.pools.lock(name);
      if (!row) throw new LxError('pool.not_found');
      const change = wanted(row);
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
      await store.pools.update(row.id, next);
    });
  }

  async delete(name: string): Promise<void> {
    const row = await this.get(name);
    if ((await poolReferences(this.#store, row)).some((url) => !url.startsWith('/1.0/images/'))) throw new LxError('pool.in_use');
    await this.#store.tx(async (store) => {
      if (!(await store.pools.lock(name))) throw new LxError('pool.not_found');
      // Trees of images go with the pool; any other volume holds it.
      for (const volume of await store.volumes.list(row.id)) if (volume.type === 'image') await store.volumes.delete(volume.id);
      await store.pools.delete(row.id).catch((error: unknown) => {
        throw error instanceof RowConflict ? new LxError('pool.in_use', undefined, { cause: error }) : error;
      });
    });
    this.#open.forget(row);
    const place = row.config.source ?? defaultPlace(this.#stateDir, name);
    await clearPlace(new PoolLayout(place), place === defaultPlace(this.#stateDir, name));
  }

  async usedBy(name: string): Promise<string[]> {
    return poolReferences(this.#store, await this.get(name));
  }

  async directory(name: string): Promise<string> {
    return (await this.#open.named(name)).layout.directory;
  }

  async resources(name: string): Promise<{ space: { used: number; total: number }; inodes: { used: number; total: number } }> {
    const { layout } = await this.#open.named(name);
    const { blocks, bfree, bsize, files, ffree } = await statfs(layout.directory);
    return { space: { used: (blocks - bfree) * bsize, total: blocks * bsize }, inodes: { used: files - ffree, total: files } };
  }
}

function withoutEmpty(config: StringMap): StringMap {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== ''));
}
