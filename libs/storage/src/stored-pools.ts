import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { parseBytes, type StringMap } from '#lib/base';
import { isLxError, LxError, refuse, urls, withoutEmpty } from '#lib/contract';
import { type Engine, type Operation, type OperationSpec, type Requestor, succeeded } from '#lib/engine';
import type { PoolRow, Store } from '#lib/store';
import { noQuota } from './open-pool.ts';
import type { OpenPools } from './open-pools.ts';
import { poolConfigProblems, poolNameProblems } from './pool-names.ts';
import { type CreatePoolParams, type PoolOperations, poolOperations } from './pool-operations.ts';
import { poolReferences } from './pool-references.ts';
import { chooseSite, openSite, siteOf } from './pool-site.ts';
import type { Pools } from './storage.ts';

/** Pools as rows, and their directories on this host's file systems. */
export class StoredPools implements Pools {
  readonly #stateDir: string;
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #open: OpenPools;
  readonly #operations: PoolOperations;

  constructor({ stateDir, store, engine }: { stateDir: string; store: Store; engine: Engine }, open: OpenPools) {
    this.#stateDir = stateDir;
    this.#store = store;
    this.#engine = engine;
    this.#open = open;
    this.#operations = poolOperations({ stateDir, store, open });
    engine.register(this.#operations.create);
    engine.register(this.#operations.delete);
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

  async create(request: { name: string; driver: string; description: string; config: StringMap }, requestor?: Requestor): Promise<PoolRow> {
    const { name, description } = request;
    const driver = this.#open.driver(request.driver);
    refuse([
      ...poolNameProblems(name),
      ...poolConfigProblems(request.driver, request.config),
      ...Object.keys(request.config)
        .filter((key) => key.startsWith('volatile.'))
        .map((key) => `Unknown configuration key: ${key}`),
    ]);
    const pools = await this.#store.pools.list();
    if (pools.some((pool) => pool.name === name)) throw new LxError('pool.exists');
    const given = { id: randomUUID(), name, config: withoutEmpty(request.config) };
    const config = await chooseSite(this.#stateDir, given, driver, pools);
    if (given.config.source) config['volatile.initial_source'] = given.config.source;
    const row = { ...given, driver: request.driver, description, config };
    await succeeded(await this.#begin(this.#operations.create, row, requestor));
    return this.get(name);
  }

  async update(name: string, wanted: (before: PoolRow) => { description?: string; config?: StringMap }): Promise<void> {
    const changed = await this.#store.tx(async (store) => {
      const row = await store.pools.lock(name);
      if (!row) throw new LxError('pool.not_found');
      const change = wanted(row);
      const next: Partial<PoolRow> = {};
      if (change.description !== undefined) next.description = change.description;
      if (change.config !== undefined) next.config = this.#nextConfig(row, change.config);
      await store.pools.update(row.id, next);
      return { row, size: next.config?.size };
    });
    if (changed.size === undefined || changed.size === changed.row.config.size) return;
    await this.#grow(changed.row, changed.size);
  }

  #nextConfig(row: PoolRow, wanted: StringMap): StringMap {
    const config = withoutEmpty(wanted);
    // What the server set at creation stays when a client leaves it out.
    const chosen = ['source', 'volatile.initial_source', 'size'];
    for (const key of chosen) if (row.config[key] !== undefined) config[key] ??= row.config[key];
    const { medium } = siteOf(this.#stateDir, row, this.#open.driver(row.driver));
    const fixed = ['source', 'volatile.initial_source', ...(medium?.size ? [] : ['size']), ...(medium ? [] : ['btrfs.mount_options'])];
    const others = fixed.filter((key) => (config[key] ?? '') !== (row.config[key] ?? ''));
    const problems = [...poolConfigProblems(row.driver, config), ...others.map((key) => `The "${key}" property cannot be changed`)];
    refuse(problems);
    const smaller = medium?.size && (parseBytes(config.size ?? '') ?? 0) < medium.size;
    refuse(smaller ? ['The "size" property cannot be reduced: the file system of the pool does not shrink'] : []);
    return config;
  }

  /** The row says so already: when this is cut short, the next start goes on. */
  async #grow(row: PoolRow, size: string): Promise<void> {
    const driver = this.#open.driver(row.driver);
    await (await this.#open.named(row.name)).prepare();
    await openSite(siteOf(this.#stateDir, { ...row, config: { ...row.config, size } }, driver), driver);
  }

  async delete(name: string, requestor?: Requestor): Promise<void> {
    const row = await this.get(name);
    if ((await poolReferences(this.#store, row)).some((url) => !url.startsWith('/1.0/images/'))) throw new LxError('pool.in_use');
    await succeeded(await this.#begin(this.#operations.delete, row, requestor));
  }

  /** In the turn of the pool's name, and of what it is on. LxError 'pool.busy'. */
  async #begin(spec: OperationSpec<CreatePoolParams, Record<string, never>>, row: PoolRow, requestor?: Requestor): Promise<Operation> {
    const { id, name, driver, description, config } = row;
    const locks = [`pool:${name}`, `pool-source:${config.source}`];
    const options = { project: 'default', resources: { storage_pools: [urls.pool(name)] }, locks, ...(requestor && { requestor }) };
    try {
      return await this.#engine.start(spec, { id, name, driver, description, config }, options);
    } catch (error) {
      throw isLxError(error, 'instance.busy') ? new LxError('pool.busy', error.args, { cause: error }) : error;
    }
  }

  async usedBy(name: string): Promise<string[]> {
    return poolReferences(this.#store, await this.get(name));
  }

  async directory(name: string): Promise<string> {
    return (await this.#open.named(name)).layout.directory;
  }

  async noQuota(name: string): Promise<LxError | null> {
    const { row, driver } = await this.#open.named(name);
    return driver.quota ? null : noQuota(row);
  }

  async resources(name: string): Promise<{ space: { used: number; total: number }; inodes: { used: number; total: number } }> {
    const { layout } = await this.#open.named(name);
    const { blocks, bfree, bsize, files, ffree } = await statfs(layout.directory);
    return { space: { used: (blocks - bfree) * bsize, total: blocks * bsize }, inodes: { used: files - ffree, total: files } };
  }
}
