import { LxError } from '#lib/contract';
import type { PoolRow, Store } from '#lib/store';
import type { StorageDriver } from './driver.ts';
import { imageRecords } from './image-records.ts';
import { OpenPool } from './open-pool.ts';
import { siteOf } from './pool-site.ts';

/** The pools that this host has used since the daemon began. Driver and directory of a pool never change while it exists. */
export class OpenPools {
  readonly drivers: Readonly<Record<string, StorageDriver>>;
  readonly #store: Store;
  readonly #stateDir: string;
  readonly #byId = new Map<string, OpenPool>();
  readonly #ids = new Map<string, string>();

  constructor({ store, stateDir, drivers }: { store: Store; stateDir: string; drivers: Readonly<Record<string, StorageDriver>> }) {
    this.#store = store;
    this.#stateDir = stateDir;
    this.drivers = drivers;
  }

  /** LxError 'pool.not_found'. Asks `store` only for a pool that was not used yet. */
  async named(name: string, store = this.#store): Promise<OpenPool> {
    const known = this.#byId.get(this.#ids.get(name) ?? '');
    if (known) return known;
    const row = await store.pools.get(name);
    if (row === null) throw new LxError('pool.not_found');
    return this.open(row);
  }

  /** LxError 'pool.not_found'. */
  async withId(id: string): Promise<OpenPool> {
    const known = this.#byId.get(id);
    if (known) return known;
    const row = await this.#store.pools.byId(id);
    if (row === null) throw new LxError('pool.not_found');
    return this.open(row);
  }

  open(row: PoolRow): OpenPool {
    const known = this.#byId.get(row.id);
    if (known) return known;
    const driver = this.driver(row.driver);
    const pool = new OpenPool(row, driver, siteOf(this.#stateDir, row, driver), imageRecords(this.#store, row.id));
    this.#byId.set(row.id, pool);
    this.#ids.set(row.name, row.id);
    return pool;
  }

  forget({ id, name }: PoolRow): void {
    this.#byId.delete(id);
    if (this.#ids.get(name) === id) this.#ids.delete(name);
  }

  /** LxError 'pool.unknown_driver'. A name like `constructor` must not find what every object has. */
  driver(name: string): StorageDriver {
    const driver = Object.hasOwn(this.drivers, name) ? this.drivers[name] : undefined;
    if (!driver) throw new LxError('pool.unknown_driver', { driver: name, known: Object.keys(this.drivers) });
    return driver;
  }
}
